import { type ChildProcess, spawn } from 'node:child_process'
import { expect, it } from '@jest/globals'
import { change, subscriber } from 'ebb/contract'
import { inheritedEnv } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import * as z from 'zod'
import { describeSubscriber } from '../../../src/contract/index.ts'
import { databaseUrlFor } from '../../../src/testing/test-database.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { query } from '../test-outbox.ts'
import { closeLater, relayEnv, startSubscriber, until } from '../test-support.ts'

/** `EBB_TEST_CHANGES=100000 npm run test:full -- changes-killed` runs it with as many rows. */
const ROWS = Number(inheritedEnv(['EBB_TEST_CHANGES']).EBB_TEST_CHANGES ?? 10_000)
const KILLS = 10
/** Every second transaction has one row, every hundredth a tenth of all. */
const sizeOf = (n: number) => (n % 100 === 99 ? ROWS / 10 : n % 2 === 0 ? 1 : ROWS / 200)

const { url } = testDatabase()
const Row = z.object({ id: z.int(), status: z.string() })
const contract = subscriber({
  name: 'follow-parcels',
  summary: 'A test.',
  on: change('parcels', { row: Row }),
  batch: { size: 1_000 },
})

/** Writes as a program does that knows nothing of Ebb. */
async function writeRows() {
  const client = new pg.Client({ connectionString: databaseUrlFor('owner', url) })
  await client.connect()
  let written = 0
  for (let n = 0; written < ROWS; n++) {
    const last = Math.min(ROWS, written + sizeOf(n))
    await client.query(`insert into parcels select i, 'packed' from generate_series(${written + 1}, ${last}) as i`)
    written = last
  }
  await client.end()
}

it(`${ROWS} rows of another program are an event each, while the relay that reads them is killed ${KILLS} times`, async () => {
  await query(url, 'create table parcels (id int primary key, status text); alter table parcels replica identity full')
  const seen = new Map<string, number>()
  const { template } = await startSubscriber((response, _count, { headers, body }) => {
    const events = String(headers['content-type']).includes('batch')
      ? (JSON.parse(body) as readonly {
          readonly id: string
          readonly data: { readonly after: { readonly id: number } }
        }[])
      : [{ id: String(headers['ce-id']), data: JSON.parse(body) }]
    for (const { id, data } of events) seen.set(id, data.after.id)
    response.writeHead(204).end()
  })
  const env = await relayEnv(url, template, [describeSubscriber(contract)])
  const start = (): ChildProcess => {
    const child = spawn(process.execPath, ['services/relay/index.ts'], { env, stdio: ['pipe', 'ignore', 'inherit'] })
    closeLater(() => child.kill('SIGKILL'))
    return child
  }
  const countEvents = async () => {
    const [row] = await query<{ n: number }>(url, 'select count(*)::int as n from ebb.outbox')
    return row?.n ?? 0
  }
  let relay = start()
  const isKnown = 'select from ebb.change_reader'
  await until('there is a slot', async () => (await query(url, isKnown)).length === 1)
  const writing = writeRows()
  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = (ROWS * kill) / (KILLS + 1)
    await until(`${enough} are events`, async () => (await countEvents()) >= enough)
    relay.kill('SIGKILL')
    relay = start()
  }
  await writing
  await until('all are events', async () => (await countEvents()) >= ROWS)

  await untilTrue(() => new Set(seen.values()).size === ROWS, { what: 'all are delivered', limitMs: 600_000 })
  const [counts] = await query(
    url,
    `select count(*)::int as events, count(distinct id)::int as ids, count(distinct payload ->> 'position')::int as positions,
            count(distinct subject)::int as subjects, min(subject::int) as first, max(subject::int) as last from ebb.outbox`,
  )
  expect(counts).toEqual({ events: ROWS, ids: ROWS, positions: ROWS, subjects: ROWS, first: 1, last: ROWS })
  expect(seen.size).toBe(ROWS)
  relay.kill('SIGKILL')
  // Before that, the database cannot be dropped.
  const isRead = 'select from pg_replication_slots where active and database = current_database()'
  await until('nobody reads', async () => (await query(url, isRead)).length === 0)
}, 900_000)
