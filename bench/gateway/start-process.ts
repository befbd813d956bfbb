import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { killOnExit } from '../measure/kill-on-exit.ts'

export interface Process extends AsyncDisposable {
  readonly pid: number
  readonly port: number
}

interface ProcessOptions {
  readonly port: number
  /** The core that it runs on, and nothing else of this measurement. */
  readonly core?: number
  readonly env?: Readonly<Record<string, string | undefined>>
}

const MAX_START_MS = 90_000
const PAUSE_MS = 20

/** Starts a program on one core, and resolves when it listens. */
export async function startProcess(
  [program = '', ...args]: readonly string[],
  { port, core, env = { PATH: process.env.PATH } }: ProcessOptions,
): Promise<Process> {
  const command = core === undefined ? [program, ...args] : ['taskset', '-c', String(core), program, ...args]
  const child = spawn(command[0] ?? '', command.slice(1), { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const end = killOnExit(child)
  const giveUpAt = performance.now() + MAX_START_MS
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      await end()
      throw new Error(`${program} does not listen on ${port}`)
    }
    await delay(PAUSE_MS)
  }
  return { pid: child.pid ?? Number.NaN, port, [Symbol.asyncDispose]: end }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
