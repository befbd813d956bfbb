import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect } from '@jest/globals'
import pg from 'pg'
import type { DatabaseUser } from '../data/migrate/privileges.ts'
import { grantConnect } from '../dev/database-roles.ts'
import { findTemplate, readTestServer } from './test-server.ts'

/**
 * The addresses of a test file's database. It exists from the first hook or test on.
 * @example const connect = ({ ownerUrl }: TestDatabase) => new Pool({ connectionString: ownerUrl })
 */
export interface TestDatabase {
  /** With the login of a function. */
  readonly url: string
  /** With the login of a superuser, to prepare it and to look at it. */
  readonly ownerUrl: string
}

/**
 * A migrated database of this test file's own, cloned from a template and dropped after the last test. Call it where tests
 * are declared: it declares hooks of jest.
 * @example
 * const database = testDatabase()
 * it('has products', async () => {
 *   const pool = new Pool({ connectionString: database.ownerUrl })
 *   expect((await pool.query('select from products')).rowCount).toBeGreaterThan(0)
 *   await pool.end()
 * })
 * @see docs/guide/09-tests.md
 */
export function testDatabase(): TestDatabase {
  const name = `ebb_test_${randomUUID().replaceAll('-', '')}`
  const server = readTestServer()
  const { owner: adminUrl, functions } = server.urls
  const template = findTemplate(server, expect.getState().testPath ?? '')
  const withName = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href
  const [url, ownerUrl] = [withName(functions), withName(adminUrl)]
  const run = async (...statements: readonly string[]) => {
    const client = new pg.Client({ connectionString: adminUrl })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  beforeAll(() => run(`create database ${name} template ${template}`, grantConnect(ownerUrl)))
  afterAll(async () => {
    // Postgres waits 5 s for clients that are leaving. A forced end would reach a client that is closing as an error that
    // nothing listens for.
    const drop = `drop database if exists ${name}`
    for (const leave of users.get(database) ?? []) await leave()
    await run(drop).catch(() => run(`${drop} with (force)`))
  })
  const database = { url, ownerUrl }
  return database
}

/** What ends those that use a database, before it is dropped. */
const users = new WeakMap<TestDatabase, (() => Promise<void>)[]>()

/** Ends a user of the database before that is dropped, whichever of the two was declared first. */
export const beforeDrop = (database: TestDatabase, leave: () => Promise<void>): void => {
  users.set(database, [...(users.get(database) ?? []), leave])
}

/** The address of a test's database with the login of a service or of functions, or of its owner. */
export function databaseUrlFor(role: DatabaseUser | 'owner', databaseUrl: string): string {
  const { username, password } = new URL(readTestServer().urls[role])
  const url = new URL(databaseUrl)
  const isTestLogin = Object.values(readTestServer().urls).some((login) => new URL(login).username === url.username)
  return isTestLogin ? Object.assign(url, { username, password }).href : databaseUrl
}
