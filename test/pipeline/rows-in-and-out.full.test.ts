import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import { startDatabase } from '../../bench/measure/start-database.ts'
import { startParts } from '../streams/start-parts.ts'
import { watchRss } from '../streams/watch-rss.ts'
import { untilTrue } from '../support/until.ts'
import { CREATE_TABLE, countRows, linesOf, putRows } from './rows.ts'

// What hangs is ended; a busy machine takes a minute for each million.
jest.setTimeout(600_000)

/** EBB_TEST_ROWS=1000000 takes a minute and a half. */
const ROWS = Number(process.env.EBB_TEST_ROWS ?? 250_000)
const MAX_MIB = 64

let opened: AsyncDisposableStack
let client: pg.Client
let input: Awaited<ReturnType<typeof startParts>>
let output: Awaited<ReturnType<typeof startParts>>

beforeAll(async () => {
  opened = new AsyncDisposableStack()
  const { url } = opened.use(await startDatabase())
  client = new pg.Client({ connectionString: url })
  await client.connect()
  opened.defer(() => client.end())
  await client.query(CREATE_TABLE)
  const parts = { project: import.meta.dirname, bundled: true }
  input = await startParts('put-rows', { DATABASE_URL: url }, parts)
  opened.defer(input.close)
  output = await startParts('list-rows', { DATABASE_URL: url }, parts)
  opened.defer(output.close)
})
afterAll(() => opened.disposeAsync())

const stored = async () => (await client.query<{ n: number }>('select count(*)::int as n from measured')).rows[0]?.n

/** How much the memory of gateway and function has grown meanwhile. */
async function growthOf({ current }: typeof input, work: () => Promise<unknown>) {
  const watched = await Promise.all([watchRss(current.gateway.pid), watchRss(current.function.pid)])
  await work()
  return Promise.all(watched.map((one) => one.stop()))
}

describe('a million rows', () => {
  it('go in, in flat memory, also into processes that have done nothing yet', async () => {
    const growth = await growthOf(input, async () => {
      expect(await putRows(input.url, linesOf(ROWS))).toEqual({ status: 200, body: { rows: ROWS } })
    })
    expect(growth.filter((mib) => mib > MAX_MIB)).toEqual([])
    expect(await stored()).toBe(ROWS)
  })

  it('go out, in flat memory, also from processes that have done nothing yet', async () => {
    const growth = await growthOf(output, async () => expect(await countRows(output.url)).toBe(ROWS))
    expect(growth.filter((mib) => mib > MAX_MIB)).toEqual([])
  })

  it.each([
    ['that the table refuses', { celsius: -85 }, 422, /: new row .* "measured_celsius_check"$/],
    ['whose key is there', { id: 1 }, 422, /, column id: duplicate key/],
    ['that does not fit its schema', { celsius: 'warm' }, 400, /./],
  ])('leave nothing where one in the middle is one %s', async (_, special, status, message) => {
    await client.query('truncate measured')
    const answer = await putRows(input.url, linesOf(ROWS, { special: { [ROWS / 2]: special } }))
    expect([answer.status, await stored()]).toEqual([status, 0])
    expect(answer.body.message).toMatch(message)
    expect(JSON.stringify(answer.body)).toMatch(RegExp(`\\b${ROWS / 2}\\b`))
  })

  it('leave nothing where their caller goes half-way', async () => {
    await client.query('truncate measured')
    const call = request(`${input.url}/v1/rows`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
    })
    call.on('error', () => {})
    for (const lines of linesOf(ROWS / 2)) if (!call.write(lines)) await once(call, 'drain')
    call.destroy()
    const running = `select from pg_stat_activity where query like 'copy %' and state = 'active'`
    await untilTrue(async () => (await client.query(running)).rowCount === 0)
    expect(await stored()).toBe(0)
    expect(await putRows(input.url, linesOf(10))).toEqual({ status: 200, body: { rows: 10 } })
  })
})
