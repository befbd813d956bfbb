import { createRequire } from 'node:module'
import type * as Sequencing from '@jest/test-sequencer'

// Its types describe the CommonJS file, and `import` would take the other.
const { default: TestSequencer } = createRequire(import.meta.url)('@jest/test-sequencer') as typeof Sequencing.default

type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0]

/** Below it are the tests that start whole Ebbs, which are the slow ones. */
const SLOW_PATH = /\/test\//

/**
 * Slow files first, so that none is left over when all others are done. Jest knows how long each takes from an earlier
 * run; in a fresh checkout it would go by their sizes.
 */
export default class SlowFirst extends TestSequencer {
  override async sort(tests: Tests) {
    const sorted = await super.sort(tests)
    if (sorted.some(({ duration }) => duration)) return sorted
    return [...sorted.filter(({ path }) => SLOW_PATH.test(path)), ...sorted.filter(({ path }) => !SLOW_PATH.test(path))]
  }
}
