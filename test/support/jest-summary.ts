import { writeFileSync } from 'node:fs'

/** What jest-summary writes to the file that EBB_TEST_OUTCOME names, as JSON. */
export interface Outcome {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Skipped without a reason, which counts as failed. */
  readonly unexplained: number
  readonly failures: readonly FailedFile[]
}

export interface FailedFile {
  readonly path: string
  readonly passed: number
  /** The names of those that failed: none where the file did not load. */
  readonly tests: readonly string[]
}

interface Results {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numRuntimeErrorTestSuites: number
  readonly testResults: readonly {
    readonly testFilePath: string
    readonly testExecError?: unknown
    readonly testResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/**
 * A reporter whose last line says how many tests passed, failed and were skipped; a file that does not load counts as a
 * failed one. A test may be skipped only with a reason in its name, by itWhere; each is listed.
 */
export default function summary({ testNamePattern }: { readonly testNamePattern?: string }) {
  let error: Error | undefined
  return {
    onRunComplete: (_contexts: unknown, results: Results) => {
      const skipped = results.testResults.flatMap(({ testFilePath, testResults }) =>
        testResults
          .filter(({ status }) => status === 'pending' || status === 'todo')
          .map(({ fullName }) => `${testFilePath}: ${fullName}`),
      )
      // Those that `-t` leaves out were not asked for.
      const unexplained = testNamePattern ? [] : skipped.filter((name) => !name.includes('(NOT TESTED: '))
      if (unexplained.length > 0) error = new Error(`skipped without a reason:\n${unexplained.join('\n')}`)
      const outcome: Outcome = {
        passed: results.numPassedTests,
        failed: results.numFailedTests + results.numRuntimeErrorTestSuites + unexplained.length,
        skipped: skipped.length - unexplained.length,
        unexplained: unexplained.length,
        failures: failuresOf(results),
      }
      const { EBB_TEST_OUTCOME: file } = process.env
      if (file) writeFileSync(file, JSON.stringify(outcome))
      // Jest's own summary, and what the teardown says, come before the end of the process.
      process.once('exit', () => {
        if (!testNamePattern) for (const name of skipped) process.stdout.write(`skipped ${name}\n`)
        process.stdout.write(`${tellCounts(outcome)}\n`)
      })
    },
    getLastError: () => error,
  }
}

const failuresOf = ({ testResults }: Results): FailedFile[] =>
  testResults
    .map(({ testFilePath: path, testExecError, testResults: tests }) => ({
      path,
      isBroken: testExecError !== undefined && testExecError !== null,
      passed: tests.filter(({ status }) => status === 'passed').length,
      tests: tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
    }))
    .filter(({ isBroken, tests }) => isBroken || tests.length > 0)
    .map(({ path, passed, tests }) => ({ path, passed, tests }))

/** The last line of every run. */
export const tellCounts = ({ passed, failed, skipped }: Pick<Outcome, 'passed' | 'failed' | 'skipped'>): string =>
  [`${passed} passed`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ')
