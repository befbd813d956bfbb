import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, afterEach, expect, it } from '@jest/globals'
import { createLog, parseConfig } from 'ebb/kernel'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { insertPurges, type PurgeRow } from '../../../src/data/purges.ts'
import { databaseUrlFor, testDatabase } from '../../../src/testing/test-database.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { listenForTest } from '../test-support.ts'
import { tellCdn } from './tell-cdn.ts'

const opened: { readonly close: () => Promise<void> }[] = []
afterEach(() => Promise.all(opened.splice(0).map(({ close }) => close())))
afterAll(() => pool.end())
const { ownerUrl } = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(databaseUrlFor('gateway', ownerUrl), { log })

async function purge(...purges: readonly PurgeRow[]) {
  const client = await pool.connect()
  await insertPurges(client, purges).finally(() => client.release())
}

/** What purges the CDN: it answers with these statuses, one after the other, and then 204. */
async function startCdn(...statuses: readonly number[]) {
  const told: { authorization: string | undefined; body: unknown }[] = []
  const next = [...statuses]
  const server = createServer(async (request, response) => {
    const { authorization } = request.headers
    const body = await json(request)
    const status = next.shift() ?? 204
    if (status < 300) told.push({ authorization, body })
    response.writeHead(status).end()
  })
  const url = `http://127.0.0.1:${await listenForTest(server)}/purge`
  const tell = () => {
    const config = parseConfig({ EBB_CDN_PURGE_URL: url, EBB_CDN_PURGE_TOKEN: 'token-of-the-cdn' })
    const teller = tellCdn(pool, config, { log, retryMs: 10 })
    opened.push(teller)
    return teller
  }
  return { told, tell, left: () => next.length }
}

it('one of two gateways tells the CDN, once, of what was purged by then', async () => {
  const { told, tell } = await startCdn()
  const [one, two] = [tell(), tell()]
  await purge({ kind: 'tag', value: 'a' }, { kind: 'tag', value: 'b' }, { kind: 'tag', value: 'a' })
  await purge({ kind: 'url', value: '/c?d=1' }, { kind: 'route', value: 'get-thing' })
  for (const { wake } of [one, two, one]) wake()
  await untilTrue(() => told.length > 0)
  await Promise.all([one.close(), two.close()])
  expect(told).toEqual([
    {
      authorization: 'Bearer token-of-the-cdn',
      body: { tags: ['a', 'b'], routes: ['get-thing'], urls: ['/c?d=1'] },
    },
  ])
})

it('it is told again where it has failed, until it has not', async () => {
  const { told, tell, left } = await startCdn(500, 503)
  const { wake } = tell()
  await purge({ kind: 'tag', value: 'again' })
  wake()
  await untilTrue(() => told.length > 0)
  expect([left(), told[0]?.body]).toEqual([0, { tags: ['again'], routes: [], urls: [] }])
})

it('without EBB_CDN_PURGE_URL nobody is told, and there is no need to look', async () => {
  const teller = tellCdn(pool, parseConfig({}), { log })
  expect(teller.isNeeded).toBe(false)
  teller.wake()
  await teller.close()
})
