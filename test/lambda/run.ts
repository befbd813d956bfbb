import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Outcome, runConformance } from '../../src/conformance/index.ts'
import { conformanceProject } from '../conformance/conformance-project.ts'
import { startEbb } from '../support/ebb.ts'

/**
 * The conformance suite on functions that take their requests from the runtime interface of AWS Lambda: what the laptop
 * starts as a function stands for Lambda (front.ts), and starts the function itself. It fails unless just what Lambda
 * cannot do fails.
 */
const FRONT = fileURLToPath(new URL('front.ts', import.meta.url))

/** AWS Lambda does not tell a function that its caller hung up: its work goes on until the deadline. */
const NEED_THE_HANG_UP = [
  "deadlines: 504 when the contract's time is over; nothing is left of the request, and its key is free",
  'deadlines: a caller who hangs up ends the work: its key is free at once, and nothing was done',
  'idempotency: 409 at once with Retry-After while the first is under way, its answer afterwards',
]

async function run(): Promise<readonly Outcome[]> {
  const { root, remove } = await conformanceProject()
  try {
    for (const name of await readdir(join(root, 'functions'))) {
      const folder = join(root, 'functions', name)
      const real = join(folder, 'real.ts')
      await rename(join(folder, 'index.ts'), real)
      const text = `import { front } from ${JSON.stringify(FRONT)}\nfront(${JSON.stringify(real)})\n`
      await writeFile(join(folder, 'index.ts'), text)
    }
    const ebb = await startEbb({ root, dataDir: join(root, '.ebb') })
    try {
      const { url, admin, adminKey } = ebb.ready
      return await runConformance({ url, admin: { url: admin, key: adminKey }, patienceMs: 60_000 })
    } finally {
      await ebb.stop()
    }
  } finally {
    await remove()
  }
}

const outcomes = await run()
for (const { name, outcome, why } of outcomes.filter(({ outcome }) => outcome !== 'passed'))
  process.stdout.write(`${outcome}  ${name}: ${NEED_THE_HANG_UP.includes(name) ? 'it needs the hang-up' : why}\n`)
const count = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length
process.stdout.write(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`)
const failed = outcomes.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)
if (failed.sort().join() !== NEED_THE_HANG_UP.toSorted().join()) process.exitCode = 1
