import { readFile } from 'node:fs/promises'

export interface Memory {
  readonly rssMb: number
  /** The most that it ever was. */
  readonly peakMb: number
}

/** The resident memory of a process, in MiB (Linux: /proc/PID/status). */
export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024
  return { rssMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') }
}
