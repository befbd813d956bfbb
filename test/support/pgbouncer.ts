import { afterAll } from '@jest/globals'
import { startPgBouncer } from './start-pgbouncer.ts'

export { pgbouncer } from './start-pgbouncer.ts'

/**
 * PgBouncer in transaction mode, until the last test of this file is over. To be called where tests are declared; it returns
 * a function that puts it before a database and returns its address.
 */
export function testPgBouncer({ poolSize }: { poolSize: number }) {
  const ends: (() => Promise<unknown>)[] = []
  afterAll(async () => {
    for (const end of ends.reverse()) await end()
  })
  return async function putBefore(databaseUrl: string): Promise<string> {
    const { url, stop } = await startPgBouncer(databaseUrl, { poolSize })
    ends.push(stop)
    return url
  }
}
