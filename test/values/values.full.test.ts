import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { pgbouncer, testPgBouncer } from '../support/pgbouncer.ts'
import { describeWhere } from '../support/requirements.ts'
import { columns, OWN_TYPES } from './columns.ts'
import type { Trial } from './try-values.ts'
import { valuesPage } from './values-page.ts'

const ZONES = ['UTC', 'America/New_York', 'Asia/Kathmandu']
/** Ends what hangs: a quiet machine needs ten seconds. */
const TIMEOUT_MS = 1_200_000

const database = testDatabase()
const throughPgBouncer = testPgBouncer({ poolSize: 2 })
let first: readonly Trial[] | undefined

beforeAll(async () => {
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  await client.query(OWN_TYPES)
  for (const { sql } of columns) await client.query(`create table "in_${sql}" (v ${sql})`)
  await client.end()
})

/** Tries all values in a process of that time zone: nothing is changed, and no zone or connection makes a difference. */
async function tryIn(zone: string, url: string) {
  const child = spawn(process.execPath, ['test/values/try-values.ts', url, database.ownerUrl], {
    env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), TZ: zone },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  // It is what that program writes.
  const tried = JSON.parse(output) as readonly Trial[]
  expect(tried.filter(({ is }) => is === 'changed')).toEqual([])
  first ??= tried
  expect(tried).toEqual(first)
}

describe('on a direct connection', () => {
  it.each(ZONES)('no value is changed in %s', (zone) => tryIn(zone, database.url), TIMEOUT_MS)
})

describeWhere(pgbouncer ? undefined : 'no pgbouncer on PATH')('through PgBouncer in transaction mode', () => {
  // It passes the bytes on: no time zone makes a difference to it.
  it('no value is changed', async () => tryIn('Asia/Kathmandu', await throughPgBouncer(database.url)), TIMEOUT_MS)
})

it(
  'docs/values.md is what came of it',
  async () => {
    if (!first) await tryIn('UTC', database.url)
    const page = valuesPage(first ?? [])
    if (isUpdating()) await writeFile('docs/values.md', page)
    expect(await readFile('docs/values.md', 'utf8')).toBe(page)
  },
  TIMEOUT_MS,
)

/** Whether jest was called with `-u`, of which it tells its own matchers alone. */
function isUpdating(): boolean {
  // Its types leave it out.
  const { snapshotState } = expect.getState() as unknown as {
    readonly snapshotState: { readonly _updateSnapshot: string }
  }
  return snapshotState._updateSnapshot === 'all'
}
