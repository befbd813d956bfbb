interface Results {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numRuntimeErrorTestSuites: number
  readonly testResults: readonly {
    readonly testFilePath: string
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
      const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
      // Jest's own summary, and what the teardown says, come before the end of the process.
      process.once('exit', () => {
        if (!testNamePattern) for (const name of skipped) process.stdout.write(`skipped ${name}\n`)
        const counts = [`${results.numPassedTests} passed`, `${failed + unexplained.length} failed`]
        if (skipped.length > 0) counts.push(`${skipped.length - unexplained.length} skipped`)
        process.stdout.write(`${counts.join(', ')}\n`)
      })
    },
    getLastError: () => error,
  }
}
