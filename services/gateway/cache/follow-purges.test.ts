import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import pg from 'pg'
import { createOutboxNotifier, PURGES_CHANNEL } from '../../../src/data/outbox.ts'
import { openListener } from '../../../src/data/postgres/listener.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { deleteOldPurges, insertPurges } from '../../../src/data/purges.ts'
import { createMemoryStore } from '../../../src/http/gateway/cache/memory-store.ts'
import { databaseUrlFor, testDatabase } from '../../../src/testing/test-database.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { followPurges } from './follow-purges.ts'
import { publishPurges } from './publish-purges.ts'
import { createPurgeLog } from './purge-log.ts'
import { testResponse } from './test-support.ts'
import { createTieredStore } from './tiered-store.ts'

// Hooks run in the order in which they are declared: every connection is closed before the database is dropped.
const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})
afterAll(() => functions.end())
const { url, ownerUrl } = testDatabase()
const log = createLog({ level: 'silent' })
const functions = createPool(url, { log })

/** A gateway's store with its own connections, as start-gateway.ts opens it. */
async function openStore({ pollMs = 60_000, listens = true } = {}) {
  const gatewayUrl = databaseUrlFor('gateway', ownerUrl)
  const pool = new pg.Pool({ connectionString: gatewayUrl })
  opened.push(() => pool.end())
  const origin = randomUUID()
  const publisher = publishPurges(pool, { origin, log })
  const purges = createPurgeLog({ windowMs: 60_000 })
  const { store, onRead } = createTieredStore(createMemoryStore({ maxBytes: 100_000 }), { origin, publisher, purges })
  const follower = followPurges(pool, { onRead, isNeeded: () => true, log, pollMs })
  opened.push(async () => void (await Promise.all([follower.close(), publisher.close()])))
  if (listens) {
    const listener = { onNotify: follower.wake, onUp: follower.wake, log }
    const channel = openListener(gatewayUrl, [PURGES_CHANNEL], listener)
    opened.push(channel.close)
  }
  await follower.started
  const put = (key: string, tags: readonly string[]) =>
    void store.put(key, testResponse({ tags, url: `/${key}` }), store.generation())
  return { store, put, has: (key: string) => [store.get(key)].flat().length > 0 }
}

async function purge(value: string, { notify }: { readonly notify: boolean }) {
  const client = await functions.connect()
  await insertPurges(client, [{ kind: 'tag', value }]).finally(() => client.release())
  if (!notify) return
  const notifier = createOutboxNotifier(functions)
  notifier.notify('purges')
  await notifier.flush()
}

it('a purge of a function reaches all gateways by its notice, and nothing else is forgotten', async () => {
  const stores = [await openStore(), await openStore()]
  for (const { put } of stores) {
    put('a', ['product:17', 'all'])
    put('b', ['product:18', 'all'])
  }
  await purge('product:17', { notify: true })
  await untilTrue(() => stores.every(({ has }) => !has('a')))
  expect(stores.map(({ has }) => has('b'))).toEqual([true, true])
})

it('without a notice it reaches them by a poll', async () => {
  const stores = [await openStore({ listens: false, pollMs: 20 }), await openStore({ listens: false, pollMs: 20 })]
  for (const { put } of stores) put('a', ['lost'])
  await purge('lost', { notify: false })
  await untilTrue(() => stores.every(({ has }) => !has('a')))
})

it("a gateway's own purge reaches the others, and is done once", async () => {
  const [one, two] = [await openStore(), await openStore()]
  for (const { put } of [one, two]) put('a', [])
  void one.store.purge({ url: '/a' })
  expect(one.has('a')).toBe(false)
  one.put('a', [])
  await untilTrue(() => !two.has('a'))
  // By then it has read its own row as well.
  one.put('later', ['later'])
  await purge('later', { notify: true })
  await untilTrue(() => !one.has('later'))
  expect(one.has('a')).toBe(true)
})

it('what is old is deleted by the login of a gateway', async () => {
  const pool = new pg.Pool({ connectionString: databaseUrlFor('gateway', ownerUrl) })
  opened.push(() => pool.end())
  const client = await pool.connect()
  await deleteOldPurges(client).finally(() => client.release())
})
