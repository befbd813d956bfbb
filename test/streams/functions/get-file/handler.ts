import { implement } from 'ebb/http'
import contract from './contract.ts'

const CHUNK = Buffer.alloc(64 * 1024, 'x')

export default implement(contract, {}, async ({ query }) => chunksOf(query.bytes))

async function* chunksOf(bytes: number) {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK
}
