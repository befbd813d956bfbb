import { stopTestServer } from './start-test-server.ts'

/** The `globalTeardown` that belongs to jest-setup.ts. */
export default async function stop(): Promise<void> {
  await stopTestServer()
}
