import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { generateIdentityKeys } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import { untilTrue } from '../support/until.ts'
import { startSignedPlatform } from './signed-platform.ts'

const LIMIT_MS = 120_000
/** More than signatures and functions bear with. */
const FOUR_MINUTES_MS = 240_000
const REFUSED = /^a function refuses our Ebb-Identity/

let platform: Awaited<ReturnType<typeof startSignedPlatform>>
// Hooks run in order: everything lets go of the database before it is dropped.
afterAll(() => platform?.close())
const database = testDatabase()
const keys = await generateIdentityKeys()
beforeAll(async () => {
  platform = await startSignedPlatform(database.ownerUrl, keys)
})
beforeEach(async () => {
  platform.believe(keys)
  await platform.pool.query('truncate ebb.outbox, ebb.delivery, ebb.attempt, ebb.invocation, notes, heard cascade')
})

const post = (url: string, text: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': platform.apiKey, ...headers },
    body: JSON.stringify({ text }),
  })

interface Row {
  readonly state: string
  readonly attempts: number
}
const rowsOf = async (table: 'delivery_state' | 'invocation') =>
  (await platform.pool.query<Row>(`select state, attempts from ebb.${table}`)).rows
/** All deliveries and invocations there are. */
const everything = async () => [...(await rowsOf('delivery_state')), ...(await rowsOf('invocation'))]
const until = (what: string, holds: (rows: readonly Row[]) => boolean) =>
  untilTrue(async () => holds(await everything()), { what, limitMs: LIMIT_MS })
const textsIn = async (table: 'notes' | 'heard') =>
  (await platform.pool.query<{ text: string }>(`select text from ${table} order by text`)).rows.map(({ text }) => text)

it('a relay whose clock is behind loses nothing, and goes on when the clocks agree', async () => {
  const gateway = await platform.startGateway(keys.gateway)
  for (let i = 0; i < 5; i++) expect((await post(gateway.url, `sync-${i}`)).status).toBe(201)
  for (let i = 0; i < 5; i++)
    expect((await post(gateway.url, `async-${i}`, { prefer: 'respond-async' })).status).toBe(202)
  platform.believe({ ...keys, aheadMs: FOUR_MINUTES_MS })
  const relay = await platform.startRelay(keys.relay)
  // Twice as often as the subscriber grants.
  await until('each was tried four times', (rows) => rows.length === 10 && rows.every(({ attempts }) => attempts >= 4))
  expect(new Set((await everything()).map(({ state }) => state))).not.toContain('dead')
  const refusals = relay.lines.filter(({ msg }) => REFUSED.test(String(msg)))
  const date = expect.stringMatching(/ GMT$/)
  const expected = { level: 'error', status: 401, reason: 'ERR_JWT_EXPIRED', functionDate: date, ourDate: date }
  expect(refusals.map((line) => line.function).sort()).toEqual(['hear-note', 'keep-note'])
  for (const refusal of refusals) expect(refusal).toMatchObject(expected)
  platform.believe(keys)
  await until('all is done', (rows) => rows.length === 15 && rows.every(({ state }) => state === 'done'))
  const texts = ['async', 'sync'].flatMap((how) => Array.from({ length: 5 }, (_, i) => `${how}-${i}`))
  expect([await textsIn('notes'), await textsIn('heard')]).toEqual([texts, texts])
  await Promise.all([gateway.stop(), relay.stop()])
}, 240_000)

it('callers of a gateway whose clock is behind hear 502, never 401', async () => {
  const gateway = await platform.startGateway(keys.gateway)
  platform.believe({ ...keys, aheadMs: FOUR_MINUTES_MS })
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => post(gateway.url, `late-${i}`)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502]))
  expect(gateway.lines.filter(({ msg }) => REFUSED.test(String(msg)))).toHaveLength(1)
  platform.believe({ ...keys, aheadMs: 55_000 })
  expect((await post(gateway.url, 'in time')).status).toBe(201)
  await gateway.stop()
})

it('keys rotate under load, and no caller notices', async () => {
  const next = await generateIdentityKeys()
  const both = { jwks: { keys: [...keys.jwks.keys, ...next.jwks.keys] } }
  const gateways = new Set([await platform.startGateway(keys.gateway)])
  const relays = [await platform.startRelay(keys.relay)]
  const load = startLoad(() => [...gateways].map(({ url }) => url))
  await load.more(50)
  platform.believe(both)
  const [old] = gateways
  gateways.add(await platform.startGateway(next.gateway))
  relays.push(await platform.startRelay(next.relay))
  await load.more(100)
  if (old) gateways.delete(old)
  await Promise.all([old?.stop(), relays[0]?.stop()])
  await load.more(50)
  platform.believe(next)
  await load.more(50)
  const { sent, statuses } = await load.end()
  expect(statuses).toEqual(new Set([201]))
  await until('all is done', (rows) => rows.length === sent && rows.every(({ state }) => state === 'done'))
  expect(new Set((await everything()).map(({ attempts }) => attempts))).toEqual(new Set([1]))
  expect((await textsIn('heard')).length).toBe(sent)
  await Promise.all([...gateways, ...relays.slice(1)].map(({ stop }) => stop()))
}, 240_000)

/** Four callers who send one note after the other, to each of the gateways in turn. */
function startLoad(urls: () => readonly string[]) {
  const statuses = new Set<number>()
  let sent = 0
  let over = false
  const call = async () => {
    while (!over) {
      const all = urls()
      const nth = sent++
      statuses.add((await post(all[nth % all.length] ?? '', `note-${nth}`)).status)
    }
  }
  const callers = Array.from({ length: 4 }, call)
  return {
    more: (count: number) => {
      const target = sent + count
      return untilTrue(() => sent >= target, { what: `${count} more notes`, limitMs: LIMIT_MS })
    },
    end: async () => {
      over = true
      await Promise.all(callers)
      return { sent, statuses }
    },
  }
}
