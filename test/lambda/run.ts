import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Outcome, runConformance } from '../../src/conformance/index.ts'
import { conformanceProject, replaceBySaving } from '../conformance/conformance-project.ts'
import { startEbb } from '../support/ebb.ts'

/**
 * The conformance suite on functions that take their requests from the runtime interface of AWS Lambda: what the laptop
 * starts as a function stands for Lambda (front.ts), and starts the function itself. `--adapter PROGRAM` puts AWS's web adapter
 * between the two (`cargo install --locked lambda_web_adapter@0.9.1` makes `lambda-adapter`), `--report FILE` writes what came of it, with
 * what `--note TEXT` says, `--only TEXT` runs the cases with this in their names.
 */
const { values: options } = parseArgs({
  options: {
    ...{ adapter: { type: 'string' }, report: { type: 'string' }, note: { type: 'string' } },
    only: { type: 'string', multiple: true },
  },
})
const FRONT = fileURLToPath(new URL('front.ts', import.meta.url))

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
      const target = {
        ...{ url, admin: { url: admin, key: adminKey }, patienceMs: 60_000 },
        // The interface has no word for it: work goes on until its deadline.
        hangUps: false,
        restartFunction: (name: string) => replaceBySaving(ebb, { root, name, file: 'index.ts' }),
      }
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
  process.stdout.write(`${outcome}  ${name}: ${why}\n`)
const count = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length
if (count('failed') > 0) process.exitCode = 1
const figures = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`
process.stdout.write(`${figures}\n`)
if (options.report) await writeFile(options.report, reportOf(figures))

/** As `npm run e2e:cluster` writes it. */
function reportOf(figures: string): string {
  const target = options.adapter ? 'AWS web adapter' : 'runtime interface of AWS Lambda'
  const rows = outcomes.map(
    ({ name, outcome, why = '', tookMs }) => `| ${name} | ${outcome} | ${tookMs} | ${why.split('\n')[0]} |`,
  )
  return [
    `# \`e2e:lambda\`, ${target}, ${new Date().toISOString().slice(0, 10)}`,
    ...[
      '',
      'As it came from `npm run e2e:lambda`: a front of the test stands for AWS Lambda, by its published interface.',
      ...(options.note ? ['', `- ${options.note}`] : []),
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
