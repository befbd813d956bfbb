import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** How a process ended: by a code or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** One line of a child's output: a JSON log record, or plain text. */
export type OutputLine = Readonly<Record<string, unknown>>

/** A process that `ebb dev` has started. */
export interface Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** Sends SIGTERM, and SIGKILL if it still runs after `limitMs`. */
  stop(limitMs: number): Promise<Exit>
}

interface ChildOptions {
  readonly env: Readonly<Record<string, string>>
  readonly onLine: (line: OutputLine) => void
  readonly nodeOptions?: readonly string[]
}

/**
 * Starts one of our Node programs. It has its own process group, so that Ctrl-C reaches only the runner, and it ends by itself
 * when the runner is gone, since we hold its stdin.
 */
export function startChild(file: string, { env, onLine, nodeOptions = [] }: ChildOptions): Child {
  const child = spawn(process.execPath, [...nodeOptions, file], {
    env: { ...env, EBB_PARENT: 'stdin' },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => onLine(parseLine(line)))
  }
  // 'close' comes after the last line was read; a program that cannot be started emits 'error' and no exit.
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const stop = async (limitMs: number) => {
    child.kill('SIGTERM')
    const limit = new AbortController()
    const late = delay(limitMs, 'late' as const, { signal: limit.signal }).catch(() => 'late' as const)
    if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL')
    limit.abort()
    return exited
  }
  return { pid: child.pid ?? 0, exited, stop }
}

function parseLine(line: string): OutputLine {
  try {
    const record: unknown = JSON.parse(line)
    if (typeof record === 'object' && record !== null) return { ...record }
  } catch {
    // Not every line is a log record.
  }
  return { level: 'text', msg: line }
}

/** A process that ends with the runner that started it. */
export interface Program {
  pid: number
  /** Ends the program as if the runner were gone. */
  disconnect(): void
  exited: Promise<Exit>
  /** Settles when, in addition, all its output has been read. */
  closed: Promise<Exit>
}

/** Nothing of the caller's environment (PGDATA, secrets, locale) reaches the program. */
export const CLEAN_ENV = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', TZ: 'UTC', LC_ALL: 'C' }

interface ProgramOptions {
  /** The user to run as. Default: our own. */
  ids?: { uid?: number; gid?: number }
  /** Called with each line of stdout or stderr. */
  onLine: (line: string) => void
}

/** Starts a program that ends when this process is gone; returns the program's own pid, not that of its shell. */
export async function startProgram(command: readonly string[], { ids = {}, onLine }: ProgramOptions): Promise<Program> {
  const child = spawn('/bin/sh', ['-c', LIFELINE, 'sh', ...command], {
    ...ids,
    cwd: '/',
    env: CLEAN_ENV,
    // Own process group: Ctrl-C in the terminal reaches only the runner.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exited = Promise.withResolvers<Exit>()
  const closed = Promise.withResolvers<Exit>()
  child.once('exit', (code, signal) => exited.resolve(toExit(code, signal)))
  child.once('close', (code, signal) => closed.resolve(toExit(code, signal)))
  child.stdin.on('error', () => {}) // it may end before its lifeline does
  createInterface({ input: child.stderr }).on('line', onLine)
  const pid = await readPid(child)
  return { pid, disconnect: () => child.stdin.end(), exited: exited.promise, closed: closed.promise }
}

/**
 * Nothing is written to stdin: its end means that the runner is gone. A background job of sh ignores SIGINT until the program
 * sets its own handler, hence the repetition; after ten of them SIGQUIT ends Postgres at once and without damage.
 */
const LIFELINE = `
exec 3<&0 </dev/null
"$@" >&2 3<&- &
program=$!
echo "$program"
{
  while read -r _ <&3; do :; done
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -INT "$program" || exit; sleep 1; done
  kill -QUIT "$program"
} >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`

function readPid(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    const lines = createInterface({ input: child.stdout })
    lines.once('line', (line) => resolve(Number(line)))
    lines.once('close', () => reject(new Error('/bin/sh did not start the program')))
  })
}

/** The shell reports the signal of its program as 128 + its number. */
function toExit(code: number | null, signal: string | null): Exit {
  if (code === null || code <= 128) return { code, signal }
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
  return name === undefined ? { code, signal } : { code: null, signal: name }
}
