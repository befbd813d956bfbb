import { rm } from 'node:fs/promises'
import { stopTestServer } from '../../src/testing/start-test-server.ts'

/** Leaves nothing behind of what jest-start.ts began. */
export default async function stop() {
  await stopTestServer()
  const { NODE_COMPILE_CACHE } = process.env
  if (NODE_COMPILE_CACHE) await rm(NODE_COMPILE_CACHE, { recursive: true, force: true })
}
