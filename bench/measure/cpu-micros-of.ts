import { readFile } from 'node:fs/promises'

const TICK_MICROS = 10_000

/** User and system time of a process and all its threads (Linux: /proc/PID/stat, in ticks of 10 ms). */
export async function cpuMicrosOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
}
