import { setTimeout as delay } from 'node:timers/promises'
import { type DevOptions, dev } from '../dev/dev.ts'
import { inheritedEnv } from '../kernel/index.ts'
import { describeVersionGap } from '../project/rendered-version.ts'
import { onInterrupt } from './command.ts'
import { type Form, form } from './form.ts'
import { readTtl } from './preview/read-ttl.ts'

export const devCommand: readonly Form[] = [
  form({
    description:
      'Run Ebb on this machine until Ctrl-C (npm start): gateway, relay, database, and each function when it is called.',
    options: {
      fresh: { description: 'Erase all data first.' },
      for: { value: 'TIME', read: readTtl, description: 'Stop by itself after this time, such as 8h.' },
      json: { description: 'Print each event as a line of JSON, for scripts.' },
    },
    examples: ['dev', 'dev --fresh'],
    run: async (project, { for: seconds, ...options }) => {
      const gap = await describeVersionGap(project)
      if (gap) process.stderr.write(`${gap}\n`)
      await runDev({ project, ...options }, seconds)
    },
  }),
]

/** Runs Ebb until Ctrl-C, SIGTERM, SIGHUP, the end of its time or of the npm that started it; a second Ctrl-C ends it at once. */
async function runDev(options: DevOptions, seconds?: number): Promise<void> {
  const stop = Promise.withResolvers<void>()
  if (seconds !== undefined) void delay(seconds * 1_000, undefined, { ref: false }).then(() => stop.resolve())
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
