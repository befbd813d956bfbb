import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type FailedFile, type Outcome, tellCounts } from './support/jest-summary.ts'

/**
 * `npm run test:full`: all tests, four files at a time. Where a few files fail, they run once more, one after another: what is wrong
 * fails again, and what had only lost a race with its neighbours is told as unsteady, to be mended. Files that are asked for by name run
 * as they are.
 */
const MAX_AGAIN = 5

const folder = mkdtempSync(join(tmpdir(), 'ebb-full-'))
process.once('exit', () => rmSync(folder, { recursive: true }))

/** Runs Jest; without an outcome where it did not come so far as to have one. */
async function run(args: readonly string[]): Promise<{ code: number; outcome?: Outcome }> {
  const file = join(folder, `${args.length}.json`)
  const env = { ...process.env, EBB_TEST_SCALE: 'full', EBB_TEST_OUTCOME: file }
  const jest = spawn('npm', ['test', '--', ...args], { env, stdio: 'inherit' })
  const code = await new Promise<number>((resolve) => jest.once('close', (status) => resolve(status ?? 1)))
  try {
    return { code, outcome: JSON.parse(readFileSync(file, 'utf8')) }
  } catch {
    return { code }
  }
}

const namesOf = (failures: readonly FailedFile[]) =>
  failures.flatMap(({ path, tests }) =>
    (tests.length > 0 ? tests : ['does not load']).map((test) => `${relative('.', path)}: ${test}`),
  )

async function runAgain({ failures, ...before }: Outcome): Promise<number> {
  const paths = failures.map(({ path }) => path)
  process.stdout.write(`\nOnce more, one after another: ${paths.map((path) => relative('.', path)).join(', ')}\n`)
  const { code, outcome } = await run(['--runInBand', '--runTestsByPath', ...paths])
  if (!outcome) return code
  const failedAgain = new Set(namesOf(outcome.failures))
  for (const name of namesOf(failures)) if (!failedAgain.has(name)) process.stdout.write(`unsteady ${name}\n`)
  const counts = {
    passed: before.passed + outcome.passed - failures.reduce((sum, { passed }) => sum + passed, 0),
    failed: before.unexplained + outcome.failed,
    skipped: before.skipped,
  }
  process.stdout.write(`${tellCounts(counts)}\n`)
  return code || Number(before.unexplained > 0)
}

const asked = process.argv.slice(2)
const { code, outcome } = await run(asked)
const fewFailed = outcome && outcome.failures.length > 0 && outcome.failures.length <= MAX_AGAIN
process.exitCode = fewFailed && asked.length === 0 ? await runAgain(outcome) : code
