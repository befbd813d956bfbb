import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES } from '../../src/conformance/cases.ts'
import { type Outcome, runConformance } from '../../src/conformance/index.ts'
import { conformanceProject } from '../conformance/conformance-project.ts'
import { startEbb } from '../support/ebb.ts'

/**
 * The conformance suite on functions that take their requests from the runtime interface of AWS Lambda: what the laptop
 * starts as a function stands for Lambda (front.ts), and starts the function itself. It fails where
 * anything fails that Lambda can do. `--adapter PROGRAM` puts AWS's web adapter between the two, `--report FILE` writes what came of it,
 * `--only TEXT` runs the cases with this in their names.
 */
const { values: options } = parseArgs({
  options: { adapter: { type: 'string' }, report: { type: 'string' }, only: { type: 'string', multiple: true } },
})
const FRONT = fileURLToPath(new URL('front.ts', import.meta.url))

/**
 * AWS Lambda does not tell a function that its caller hung up: its work goes on until the deadline. By a hang-up these cases
 * let go of what they hold, so that they fail, or pass when the deadline came early enough.
 */
const needsTheHangUp = new Set(CASES.filter(({ holds }) => holds).map(({ name }) => name))

async function run(): Promise<readonly Outcome[]> {
  const { root, remove } = await conformanceProject()
  try {
    for (const name of await readdir(join(root, 'functions'))) {
      const folder = join(root, 'functions', name)
      const real = join(folder, 'real.ts')
      await rename(join(folder, 'index.ts'), real)
      const text = `import { front } from ${JSON.stringify(FRONT)}\nfront(${JSON.stringify(real)}, ${JSON.stringify({ adapter: options.adapter })})\n`
      await writeFile(join(folder, 'index.ts'), text)
    }
    const ebb = await startEbb({ root, dataDir: join(root, '.ebb'), env: { EBB_IDLE_MS: '60000' } })
    try {
      const { url, admin, adminKey } = ebb.ready
      const target = { url, admin: { url: admin, key: adminKey }, patienceMs: 60_000 }
      return await runConformance(target, { only: options.only ?? [] })
    } finally {
      await ebb.stop()
    }
  } finally {
    await remove()
  }
}

const outcomes = await run()
for (const { name, outcome, why } of outcomes.filter(({ outcome }) => outcome !== 'passed'))
  process.stdout.write(`${outcome}  ${name}: ${needsTheHangUp.has(name) ? 'it needs the hang-up' : why}\n`)
const count = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length
if (outcomes.some(({ name, outcome }) => outcome === 'failed' && !needsTheHangUp.has(name))) process.exitCode = 1
const figures = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`
process.stdout.write(`${figures}\n`)
if (options.report) await writeFile(options.report, reportOf(figures))

/** As `npm run e2e:cluster` writes it. */
function reportOf(figures: string): string {
  const target = options.adapter ? 'AWS web adapter' : 'runtime interface of AWS Lambda'
  const rows = outcomes.map(
    ({ name, outcome, why = '', tookMs }) =>
      `| ${name} | ${outcome} | ${tookMs} | ${outcome === 'failed' && needsTheHangUp.has(name) ? 'Lambda does not tell that a caller hung up' : why.split('\n')[0]} |`,
  )
  return [
    `# \`e2e:lambda\`, ${target}, ${new Date().toISOString().slice(0, 10)}`,
    ...[
      '',
      'As it came from `npm run e2e:lambda`: a front of the test stands for AWS Lambda, by its published interface.',
      '',
    ],
    ...[
      '## Checks',
      '',
      '| CHECK | OUTCOME | FIGURES |',
      '| --- | --- | --- |',
      `| conformance | ${process.exitCode ? 'failed' : 'passed'} | ${figures} |`,
      '',
    ],
    ...['## Conformance', '', '| CASE | OUTCOME | MS |  |', '| --- | --- | --- | --- |', ...rows, ''],
  ].join('\n')
}
