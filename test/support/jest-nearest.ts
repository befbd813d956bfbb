import { dirname, relative } from 'node:path'
import SlowFirst from './jest-order.ts'

type Tests = Parameters<SlowFirst['sort']>[0]

/** For all tests together, by what each took in an earlier run; the rest of a minute is for lint, types and dead code. */
const BUDGET_MS = 30_000
const WORKERS = 2
/** For a test file that has not run on this machine yet: below test/, where whole Ebbs are started, and elsewhere. */
const UNKNOWN_MS = { whole: 20_000, other: 3_000 }

/**
 * For `npm run check -- --changed`: of the related tests, those nearest to the changed files, as many as fit into the budget,
 * and one at least. How many are left out is printed.
 */
export default class NearestOnly extends SlowFirst {
  override async sort(tests: Tests) {
    const chosen = chooseNearest(tests, JSON.parse(process.env.EBB_TEST_CHANGED ?? '[]'))
    const left = tests.length - chosen.length
    if (left > 0) process.stdout.write(`${left} of ${tests.length} related test files are left to npm test\n`)
    return super.sort([...chosen])
  }
}

type Timed = Pick<Tests[number], 'path' | 'duration'>

export function chooseNearest<Test extends Timed>(tests: readonly Test[], changed: readonly string[]): readonly Test[] {
  const nearestFirst = tests
    .map((test) => ({ test, steps: Math.min(...changed.map((file) => steps(relative('.', test.path), file))) }))
    .sort((one, other) => one.steps - other.steps || durationMs(one.test) - durationMs(other.test))
    .map(({ test }) => test)
  let totalMs = 0
  return nearestFirst.filter((test, i) => {
    totalMs += durationMs(test) / WORKERS
    return i === 0 || totalMs <= BUDGET_MS
  })
}

const durationMs = ({ path, duration }: Timed): number =>
  duration ?? (path.includes('/test/') ? UNKNOWN_MS.whole : UNKNOWN_MS.other)

/** The folders between a test and a file, up and down; 0 for a test of that very file. */
function steps(test: string, file: string): number {
  if (test === file || test === file.replace(/\.ts$/, '.test.ts')) return 0
  const [from, to] = [dirname(test).split('/'), dirname(file).split('/')]
  const differsAt = from.findIndex((name, i) => name !== to[i])
  const shared = differsAt === -1 ? from.length : differsAt
  return 1 + from.length + to.length - 2 * shared
}
