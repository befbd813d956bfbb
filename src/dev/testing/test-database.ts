import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from '@jest/globals'
import pg from 'pg'
import { inherited } from '../../kernel/index.ts'

/** Set by the test run's own start: a superuser's address, and the migrated database to clone. */
export const TEST_ADMIN_URL = 'EBB_TEST_ADMIN_URL'
export const TEST_TEMPLATE = 'ebb_template'

export interface TestDatabase {
  /** Good from the first test on. */
  readonly url: string
}

/** A migrated database of this test file's own, dropped after its last test. To be called where tests are declared. */
export function testDatabase(): TestDatabase {
  const name = `ebb_test_${randomUUID().replaceAll('-', '')}`
  const admin = new URL(inherited([TEST_ADMIN_URL])[TEST_ADMIN_URL] ?? '')
  const run = async (statement: string) => {
    const client = new pg.Client({ connectionString: admin.href })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  beforeAll(() => run(`create database ${name} template ${TEST_TEMPLATE}`))
  afterAll(() => run(`drop database if exists ${name} with (force)`))
  const url = new URL(admin)
  url.pathname = `/${name}`
  return { url: url.href }
}
