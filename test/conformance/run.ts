import { readOptions } from './options.ts'
import { type Outcome, runConformance } from './run-conformance.ts'

// `npm run conformance -- --url URL`: looks whether an Ebb, wherever it runs, keeps what it promises to its callers.
const options = readOptions(process.argv.slice(2))
if (options) {
  const { target, only } = options
  const outcomes = await runConformance(target, { only, onOutcome: print })
  const count = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length
  process.stdout.write(`\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`)
  process.exitCode = count('passed') > 0 && count('failed') === 0 ? 0 : 1
} else {
  process.exitCode = 2
}

function print({ name, outcome, why, tookMs }: Outcome) {
  const mark = outcome === 'failed' ? 'FAILED' : outcome
  const rest = outcome === 'passed' ? ` (${tookMs} ms)` : `\n         ${why?.replaceAll('\n', '\n         ')}`
  process.stdout.write(`${mark.padEnd(9)}${name}${rest}\n`)
}
