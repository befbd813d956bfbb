import { setTimeout as delay } from 'node:timers/promises'
import { inherited } from '../kernel/index.ts'
import { type DevOptions, dev } from './dev.ts'

/** Runs Ebb until Ctrl-C, a SIGTERM, a hang-up or the end of the npm that started it; a second Ctrl-C does not wait. */
export async function runDev(options: DevOptions): Promise<void> {
  const stop = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stop.resolve()
      process.on(signal, () => process.exit(1))
    })
  }
  const starting = dev(options)
  const first = await Promise.race([starting, stop.promise, npmIsGone()])
  const running = first ?? (await starting.catch(() => undefined))
  if (first) await Promise.race([stop.promise, npmIsGone()])
  await running?.stop()
  // What Ebb opened is closed; a keep-alive connection of a library must not hold the terminal.
  process.exit(0)
}

/** npm that is killed tells nobody: our parent is another one then. */
async function npmIsGone(): Promise<void> {
  if (!inherited(['npm_lifecycle_event']).npm_lifecycle_event) return new Promise(() => {})
  const parent = process.ppid
  while (process.ppid === parent) await delay(500, undefined, { ref: false })
}
