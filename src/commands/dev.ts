import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type DevOptions, dev } from '../dev/dev.ts'
import { inheritedEnv } from '../kernel/index.ts'
import { describeVersionGap } from '../project/rendered-version.ts'
import { type Command, flag, onInterrupt } from './command.ts'

export const devCommand: Command = {
  usage: ['dev [--json] [--fresh]'],
  description: 'run Ebb on this machine (npm start); --fresh erases all data first',
  run: async (project, args) => {
    const { values } = parseArgs({ args: [...args], options: { json: flag, fresh: flag } })
    const gap = await describeVersionGap(project)
    if (gap) process.stderr.write(`${gap}\n`)
    await runDev({ project, ...values })
  },
}

/** Runs Ebb until Ctrl-C, SIGTERM, SIGHUP or the end of the npm that started it; a second Ctrl-C ends it at once. */
async function runDev(options: DevOptions): Promise<void> {
  const stop = Promise.withResolvers<void>()
  onInterrupt((signal) => {
    stop.resolve()
    process.on(signal, () => process.exit(1))
  })
  const starting = dev(options)
  const first = await Promise.race([starting, stop.promise, npmExited()])
  const running = first ?? (await starting.catch(() => undefined))
  if (first) await Promise.race([stop.promise, npmExited()])
  await running?.stop()
  // Everything of Ebb is closed; a keep-alive connection of a library must not keep the process running.
  process.exit(0)
}

/** A killed npm sends no signal, but the parent process changes. */
async function npmExited(): Promise<void> {
  if (!inheritedEnv(['npm_lifecycle_event']).npm_lifecycle_event) return new Promise(() => {})
  const parent = process.ppid
  while (process.ppid === parent) await delay(500, undefined, { ref: false })
}
