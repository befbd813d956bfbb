import { readdir, readFile } from 'node:fs/promises'

export interface Memory {
  readonly rssMb: number
  /** The most that it ever was. */
  readonly peakMb: number
}

/** The resident memory of a process, in MiB (Linux: /proc/PID/status). */
export async function readMemory(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024
  return { rssMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') }
}

/** The CPU time of a process and all its threads that still run (Linux: /proc/PID/task/TID/schedstat, in nanoseconds). */
export async function readCpuMicros(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`)
  const times = threads.map(async (thread) => {
    const [nanoseconds] = (await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ')
    return Number(nanoseconds)
  })
  return (await Promise.all(times)).reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000
}
