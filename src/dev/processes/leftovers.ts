import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Distinguishes a process from a later one with the same pid. */
interface ProcessIdentity {
  /** Linux: field 22 of /proc/<pid>/stat; elsewhere `ps -o lstart=`. Compare for equality only. */
  startedAt: string
  startedMs: number
  command: string
}

/** Identifies a running process; undefined if there is none, or only a zombie. */
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
  // The name in parentheses may hold any character; field 3 comes first after it.
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

const TERM_LIMIT_MS = 2_000

/**
 * Records a child in `folder`, so that the next start can stop it if we are killed. Returns a function that deletes the
 * record.
 */
export async function recordChild(folder: string, pid: number): Promise<() => Promise<void>> {
  const identity = await identifyProcess(pid)
  const file = join(folder, `${pid}.json`)
  await mkdir(folder, { recursive: true })
  if (identity) await writeFile(file, JSON.stringify({ pid, startedAt: identity.startedAt }))
  return () => rm(file, { force: true })
}

/** Stops the processes that a killed runner left: those recorded here that still run and started when the record says. */
export async function stopLeftovers(folder: string): Promise<void> {
  const files = await readdir(folder).catch(() => [])
  await Promise.all(files.map((file) => stopLeftover(join(folder, file))))
}

async function stopLeftover(file: string) {
  const note = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch(() => ({}))
  const { pid, startedAt } = note as { pid?: number; startedAt?: string }
  // The pid may belong to another process by now.
  const isOurs = async () => pid !== undefined && (await identifyProcess(pid))?.startedAt === startedAt
  const giveUpAt = Date.now() + TERM_LIMIT_MS
  for (let signal: NodeJS.Signals = 'SIGTERM'; pid !== undefined && (await isOurs()); await delay(50)) {
    if (Date.now() > giveUpAt) signal = 'SIGKILL'
    try {
      process.kill(pid, signal)
    } catch {
      // It ended between the check and the signal.
    }
  }
  await rm(file, { force: true })
}
