import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** What tells a process from a later one with the same pid. */
export interface ProcessIdentity {
  /** Linux: field 22 of /proc/<pid>/stat; elsewhere `ps -o lstart=`. Compare for equality only. */
  startedAt: string
  startedMs: number
  command: string
}

/** Describes a living process; undefined when there is none, or only its zombie. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  try {
    return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid)
  } catch {
    return undefined
  }
}

async function fromProc(pid: number): Promise<ProcessIdentity | undefined> {
  const [stat, command, machine] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile('/proc/stat', 'utf8'),
  ])
  // The name in parentheses may hold anything; behind it field 3 comes first.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startedAt = fields[19]
  if (startedAt === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined
  const bootSeconds = Number(/^btime (\d+)$/m.exec(machine)?.[1])
  return { startedAt, startedMs: bootSeconds * 1_000 + Number(startedAt) * 10, command: command.replaceAll('\0', ' ') }
}

async function fromPs(pid: number): Promise<ProcessIdentity | undefined> {
  const args = ['-ww', '-o', 'stat=,lstart=,command=', '-p', String(pid)]
  const { stdout } = await promisify(execFile)('ps', args, { env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' } })
  const [, state = '', startedAt = '', command = ''] =
    /^\s*(\S+)\s+((?:\S+\s+){4}\S+)\s+(.*)$/.exec(stdout.trim()) ?? []
  if (startedAt === '' || state.startsWith('Z')) return undefined
  return { startedAt, startedMs: Date.parse(startedAt), command: `${command} ` }
}
