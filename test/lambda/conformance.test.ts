import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CASES } from '../../src/conformance/cases.ts'
import { type Outcome, runConformance } from '../../src/conformance/index.ts'
import { conformanceProject } from '../conformance/conformance-project.ts'
import { startEbb } from '../support/ebb.ts'

const FRONT = fileURLToPath(new URL('front.ts', import.meta.url))

const closers: (() => Promise<unknown>)[] = []
let outcomes: readonly Outcome[] = []
beforeAll(async () => {
  const { root, remove } = await conformanceProject()
  closers.push(remove)
  // What the laptop starts as a function stands for AWS Lambda, and starts the function itself.
  for (const name of await readdir(join(root, 'functions'))) {
    const folder = join(root, 'functions', name)
    await rename(join(folder, 'index.ts'), join(folder, 'real.ts'))
    const text = `import { front } from ${JSON.stringify(FRONT)}\nfront(${JSON.stringify(join(folder, 'real.ts'))})\n`
    await writeFile(join(folder, 'index.ts'), text)
  }
  const ebb = await startEbb({ root, dataDir: join(root, '.ebb') })
  closers.push(ebb.stop)
  const { url, admin, adminKey } = ebb.ready
  outcomes = await runConformance({ url, admin: { url: admin, key: adminKey }, patienceMs: 60_000 })
}, 570_000)
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** AWS Lambda does not tell a function that its caller hung up: its work goes on until the deadline. */
const NEED_THE_HANG_UP = [
  "deadlines: 504 when the contract's time is over; nothing is left of the request, and its key is free",
  'deadlines: a caller who hangs up ends the work: its key is free at once, and nothing was done',
  'idempotency: 409 at once with Retry-After while the first is under way, its answer afterwards',
]
/** The environments are Lambda's own. */
const NEEDS_INSTANCES = 'drain: while the instances of a function are replaced'

describe('a function that takes its requests from the runtime interface of AWS Lambda', () => {
  it.each(CASES.map(({ name }) => name).filter((name) => !NEED_THE_HANG_UP.includes(name)))('%s', (name) => {
    const { outcome, why } = outcomes.find((one) => one.name === name) ?? {}
    if (name.startsWith(NEEDS_INSTANCES)) expect(outcome).toBe('skipped')
    else expect({ outcome, why }).toEqual({ outcome: 'passed', why: undefined })
  })

  it('works on where a caller has hung up, which no other platform lets it', () => {
    const failed = outcomes.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)
    expect(failed).toEqual(NEED_THE_HANG_UP)
  })
})
