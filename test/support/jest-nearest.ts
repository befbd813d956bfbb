import { dirname, relative } from 'node:path'
import SlowFirst from './jest-order.ts'

type Tests = Parameters<SlowFirst['sort']>[0]

/** For all tests together, by what each took in an earlier run; lint, types and dead code take the rest of a minute. */
const BUDGET_MS = 40_000
const WORKERS = 2
/** Of a test file that has not run here yet: one that starts whole Ebbs, and any other. */
const UNKNOWN_MS = { whole: 20_000, other: 3_000 }

/**
 * The order of `npm run check -- --changed`: the tests nearest to what has changed first, as many as fit into the budget.
 * The nearest one always runs. How many were left out is printed; `npm test` runs them.
 */
export default class NearestFirst extends SlowFirst {
  override async sort(tests: Tests) {
    const changed: readonly string[] = JSON.parse(process.env.EBB_TEST_CHANGED ?? '[]')
    const distance = (path: string) =>
      Math.min(...changed.map((file) => stepsBetween(relative(process.cwd(), path), file)))
    const nearest = tests
      .map((test) => ({ test, steps: distance(test.path) }))
      .sort((one, other) => one.steps - other.steps || durationMs(one.test) - durationMs(other.test))
    let spentMs = 0
    const chosen = nearest.filter(({ test }, i) => {
      spentMs += durationMs(test) / WORKERS
      return i === 0 || spentMs <= BUDGET_MS
    })
    const left = tests.length - chosen.length
    if (left > 0)
      process.stdout.write(`${left} of ${tests.length} related test files are left out: npm test runs them\n`)
    return super.sort(chosen.map(({ test }) => test))
  }
}

const durationMs = ({ path, duration }: Tests[number]): number =>
  duration ?? (path.includes('/test/') ? UNKNOWN_MS.whole : UNKNOWN_MS.other)

/** Folders up and down from one file to the other; 0 for a test and what it stands beside. */
function stepsBetween(test: string, file: string): number {
  if (test === file || test === file.replace(/\.ts$/, '.test.ts')) return 0
  const [from, to] = [dirname(test).split('/'), dirname(file).split('/')]
  const shared = from.findIndex((name, i) => name !== to[i])
  const common = shared === -1 ? from.length : shared
  return 1 + from.length + to.length - 2 * common
}
