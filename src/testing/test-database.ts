import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from '@jest/globals'
import pg from 'pg'
import type { Part } from '../data/migrate/privileges.ts'
import { grantConnect } from '../dev/database-roles.ts'
import { inheritedEnv } from '../kernel/index.ts'

/** Set by the test run's own start: a superuser's address, those of the parts, and the migrated database to clone. */
const ADMIN_URL = 'EBB_TEST_ADMIN_URL'
const URLS = 'EBB_TEST_URLS'
const TEMPLATE = 'ebb_template'

export interface TestDatabase {
  /** As a function logs in. Good from the first test on. */
  readonly url: string
  /** As a superuser, for whoever prepares it or looks at it. */
  readonly ownerUrl: string
}

/** A migrated database of this test file's own, dropped after its last test. To be called where tests are declared. */
export function testDatabase(): TestDatabase {
  const name = `ebb_test_${randomUUID().replaceAll('-', '')}`
  const { owner: adminUrl, functions } = readLogins()
  const ours = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href
  const [url, ownerUrl] = [ours(functions), ours(adminUrl)]
  const run = async (...statements: readonly string[]) => {
    const client = new pg.Client({ connectionString: adminUrl })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  beforeAll(() => run(`create database ${name} template ${TEMPLATE}`, grantConnect(ownerUrl)))
  afterAll(async () => {
    // Postgres waits 5 s for whoever is leaving. A forced end would reach a client that is closing as an error that nobody
    // listens for.
    const drop = `drop database if exists ${name}`
    await run(drop).catch(() => run(`${drop} with (force)`))
  })
  return { url, ownerUrl }
}

/** The address of a test's database with the login of a part, or of its owner. */
export function databaseUrlFor(whom: Part | 'owner', databaseUrl: string): string {
  const { username, password } = new URL(readLogins()[whom])
  const url = new URL(databaseUrl)
  const isOurs = Object.values(readLogins()).some((login) => new URL(login).username === url.username)
  return isOurs ? Object.assign(url, { username, password }).href : databaseUrl
}

function readLogins(): Readonly<Record<Part | 'owner', string>> {
  const { [ADMIN_URL]: owner = '', [URLS]: urls = '{}' } = inheritedEnv([ADMIN_URL, URLS])
  return { owner, ...JSON.parse(urls) }
}
