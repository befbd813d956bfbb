import { readFile } from 'node:fs/promises'

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

const TICK_MICROS = 10_000

/** User and system time of a process and all its threads (Linux: /proc/PID/stat, in ticks of 10 ms). */
export async function readCpuMicros(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
}
