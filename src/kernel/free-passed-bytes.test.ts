import { expect, it } from '@jest/globals'
import { freePassedBytes } from './free-passed-bytes.ts'

const [CHUNKS, CHUNK_BYTES, MIB] = [4_096, 64 * 1024, 1024 * 1024]
/** What V8 takes by itself is twice that. */
const MAX_MIB = 32

it('frees chunks that have passed, long before V8 would', () => {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let i = 0; i < CHUNKS; i++) {
    freePassedBytes(Buffer.alloc(CHUNK_BYTES).length)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  expect(most / MIB).toBeLessThan(MAX_MIB)
})
