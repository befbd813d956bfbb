import { setTimeout as delay } from 'node:timers/promises'
import { type DevOptions, dev } from '../dev/dev.ts'
import { inheritedEnv } from '../kernel/index.ts'
import { describeVersionGap } from '../project/rendered-version.ts'
import { onInterrupt } from './command.ts'
import { type Form, form } from './form.ts'

export const devCommand: readonly Form[] = [
  form({
    description:
      'Run Ebb on this machine until Ctrl-C (npm start): gateway, relay, database, and each function when it is called.',
    options: {
      fresh: { description: 'Erase all data first.' },
      json: { description: 'Print each event as a line of JSON, for scripts.' },
    },
    examples: ['dev', 'dev --fresh'],
    run: async (project, options) => {
      const gap = await describeVersionGap(project)
      if (gap) process.stderr.write(`${gap}\n`)
      await runDev({ project, ...options })
    },
  }),
]

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
