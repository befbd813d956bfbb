import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** How a program ended: by a code or by a signal. */
export interface Exit {
  code: number | null
  signal: string | null
}

export interface Launched {
  pid: number
  /** Ends the program as though the runner were gone. */
  letGo(): void
  exited: Promise<Exit>
  /** Settles when, besides, everything that it said has been read. */
  closed: Promise<Exit>
}

/** Nothing of the caller's environment (PGDATA, secrets, locale) reaches the program. */
export const cleanEnv = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', TZ: 'UTC', LC_ALL: 'C' }

export interface LaunchOptions {
  /** As whom, where it is somebody else. */
  ids?: { uid?: number; gid?: number }
  /** What it says on stdout or stderr. */
  onLine: (line: string) => void
}

/** Starts a program that ends when this process is gone; answers with the program's own pid. */
export async function launch(command: readonly string[], { ids = {}, onLine }: LaunchOptions): Promise<Launched> {
  const child = spawn('/bin/sh', ['-c', lifeline, 'sh', ...command], {
    ...ids,
    cwd: '/',
    env: cleanEnv,
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
  return { pid, letGo: () => child.stdin.end(), exited: exited.promise, closed: closed.promise }
}

/**
 * Nobody writes to stdin: its end means that the runner is gone. A background job of sh ignores SIGINT until the program
 * sets its own handler, hence the repetition; after ten of them SIGQUIT ends Postgres at once and without damage.
 */
const lifeline = `
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

/** The shell tells a signal of its program as 128 + its number. */
function toExit(code: number | null, signal: string | null): Exit {
  if (code === null || code <= 128) return { code, signal }
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
  return name === undefined ? { code, signal } : { code: null, signal: name }
}
