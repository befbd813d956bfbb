import { createRequire } from 'node:module'
import type * as Sequencing from '@jest/test-sequencer'

// Its types describe the CommonJS file, and `import` would take the other.
const { default: TestSequencer } = createRequire(import.meta.url)('@jest/test-sequencer') as typeof Sequencing.default

type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0]

/** What takes longest of a full run, the longest first: each is half a minute or more of a quiet machine. */
const LONGEST = [
  ...['docs/guide', 'e2e/package', 'contracts/agreement', 'chaos/async-calls', 'values/values', 'e2e/reload'],
  ...['contracts/strings', 'e2e/image', 'chaos/sockets', 'e2e/laptop', 'chaos/signatures', 'queue/at-scale'],
  ...['security/raw-sockets', 'e2e/login', 'e2e/without-example', 'e2e/docs', 'commands/invoke'],
  ...['postgres/unresponsive', 'chaos/killed', 'release/pack', 'commands/scaffold', 'upgrade/upgrade'],
].map((name) => `/${name}.`)

/** Below it are the tests that start whole Ebbs, which are the slow ones among the others. */
const SLOW_PATH = /\/test\//

/**
 * Slow files first, so that none is left over when all others are done. Jest knows how long each takes from an earlier
 * run; in a fresh checkout, as that of continuous integration, it would go by their sizes.
 */
export default class SlowFirst extends TestSequencer {
  override async sort(tests: Tests) {
    const sorted = await super.sort(tests)
    if (sorted.every(({ duration }) => duration)) return sorted
    return sorted.toSorted((one, other) => expectedMs(other) - expectedMs(one))
  }
}

function expectedMs({ path, duration }: Tests[number]): number {
  if (duration) return duration
  const rank = LONGEST.findIndex((name) => path.includes(name))
  if (rank >= 0) return 120_000 - rank
  return SLOW_PATH.test(path) ? 8_000 : 1_000
}
