import { startTestServer } from './start-test-server.ts'

/** The `globalSetup` of a project's tests: a Postgres that has the platform's tables and the project's. */
export default async function start(_global: unknown, { rootDir }: { readonly rootDir: string }): Promise<void> {
  await startTestServer({ '': rootDir })
}
