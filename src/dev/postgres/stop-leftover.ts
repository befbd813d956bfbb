import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { identifyProcess } from '../processes/process-identity.ts'
import { PostgresFault } from './postgres-fault.ts'

/** Stops the Postgres that a killed runner left on `data`; a stranger that now has its pid is left alone. */
export async function stopLeftover(data: string): Promise<void> {
  const path = join(data, 'postmaster.pid')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const [pid, , startSeconds] = text.split('\n').map(Number)
  const found = pid === undefined ? undefined : await identifyProcess(pid)
  if (pid === undefined || found === undefined) return
  // A pid that was given away again belongs to a process that started later.
  const startedInTime = found.startedMs <= Number(startSeconds) * 1_000 + 10_000
  if (startedInTime && found.command.includes(`postgres -D ${data} `)) await endPostmaster(pid, found.startedAt)
  // Postgres would take the stranger for a postmaster and refuse to start.
  else await rm(path, { force: true })
}

const steps = [
  ['SIGINT', 8_000], // fast: roll back, write a checkpoint
  ['SIGQUIT', 4_000], // at once: the next start replays the log
  ['SIGKILL', 2_000],
] as const

/** Ends a postmaster, ever less gently, each step with its limit. */
export async function endPostmaster(pid: number, startedAt: string): Promise<void> {
  for (const [signal, limitMs] of steps) {
    if (await isGone(pid, startedAt)) return
    try {
      process.kill(pid, signal)
    } catch (cause) {
      if (await isGone(pid, startedAt)) return
      throw cause
    }
    const deadline = Date.now() + limitMs
    while (Date.now() < deadline) {
      if (await isGone(pid, startedAt)) return
      await wait(15)
    }
  }
  throw new PostgresFault(`Postgres (process ${pid}) does not end: look at it with ps, and kill it by hand.`)
}

async function isGone(pid: number, startedAt: string): Promise<boolean> {
  return (await identifyProcess(pid))?.startedAt !== startedAt
}
