import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, expect, it } from '@jest/globals'
import { event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { createLog, parseConfig } from 'ebb/kernel'
import { createIdentityVerifier } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import { decodeJwt } from 'jose'
import * as z from 'zod'
import { createApp, type Implementation, openResources } from '../../src/http/index.ts'
import { attemptsOf, countStates, emitAll, emptyOutbox, query } from './test-outbox.ts'
import {
  closeLater,
  keys,
  type Received,
  relayEnv,
  startSubscriber,
  startTestRelay,
  subscription,
  until,
} from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

const NAME = 'send-welcome'
const BATCH = 'application/cloudevents-batch+json'
const batched = (size: number, withinMs: number, retry = { attempts: 3, minDelayMs: 1, maxDelayMs: 2 }) =>
  subscription(NAME, { batch: { size, withinMs }, retry })
const AN_HOUR_MS = 3_600_000
/** The events of a request; an event alone comes in binary mode. */
const eventsOf = ({ headers, body }: Received): { readonly id: string; readonly data: unknown }[] =>
  headers['content-type'] === BATCH ? JSON.parse(body) : [{ id: String(headers['ce-id']), data: JSON.parse(body) }]
const untilStates = (state: string, count: number) =>
  until(`${count} are ${state}`, async () => (await countStates(url))[state] === count)

it('sends a batch when it is full, or when its first event has waited long enough, in one request', async () => {
  const { received, template } = await startSubscriber()
  await startTestRelay(url, template, { subscriptions: [batched(5, AN_HOUR_MS)], pollMs: 100 })
  await emitAll(url, { count: 13, subject: 'Zoë ☃', payload: { big: 1 } })
  await untilStates('done', 10)
  expect(await countStates(url)).toEqual({ done: 10, waiting: 3 })
  const sizes = () => received.map((one) => eventsOf(one).length)
  expect(sizes()).toEqual([5, 5])
  expect(eventsOf(received[0] as Received)[0]).toMatchObject({
    ...{ specversion: '1.0', source: 'create-user', type: 'user.created', subject: 'Zoë ☃', ebbattempt: '1' },
    data: { big: 1 },
  })
  await query(url, `update ebb.delivery set available_at = now() - interval '1 h'`)
  await untilStates('done', 13)
  expect(sizes()).toEqual([5, 5, 3])
})

it('settles each event by itself: done, tried again, or dead', async () => {
  const failures = [
    { index: 0, status: 422, error: 'unwanted', message: 'No.' },
    { index: 2, status: 503, error: 'busy', message: 'Later.' },
  ]
  const { received, template } = await startSubscriber((response, count) => {
    if (count > 1) return response.writeHead(204).end()
    response.writeHead(200, { 'ebb-revision': 'r1', 'content-type': 'application/json' })
    response.end(JSON.stringify({ failures }))
  })
  await startTestRelay(url, template, { subscriptions: [batched(4, 50)], pollMs: 100 })
  await emitAll(url, { count: 4 })
  await untilStates('done', 3)
  expect(await countStates(url)).toEqual({ done: 3, dead: 1 })
  const [first = [], second] = received.map(eventsOf)
  expect(second?.map(({ id }) => id)).toEqual([first[2]?.id])
  const attempts = await Promise.all(first.map(async ({ id }) => attemptsOf(url, id)))
  expect(attempts.map((all) => all.map(({ status }) => status))).toEqual([[422], [204], [503, 204], [204]])
  expect(attempts[0]).toMatchObject([{ body: '{"status":422,"error":"unwanted","message":"No."}', revision: 'r1' }])
})

it('an event at which the whole batch fails is alone in the end, and dies alone', async () => {
  const { received, template } = await startSubscriber((response, _count, one) => {
    const isPoisoned = eventsOf(one).some(({ data }) => data === 7)
    response.writeHead(isPoisoned ? 400 : 204, { 'ebb-revision': 'r1' }).end()
  })
  await startTestRelay(url, template, { subscriptions: [batched(20, 20)], pollMs: 50 })
  await query(
    url,
    `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id)
     select gen_random_uuid(), 'user.created', 's', to_jsonb(n), 't', 'c', 'ann' from generate_series(1, 20) as n`,
  )
  await query(url, `notify ebb_outbox, 'events'`)
  await untilStates('done', 19)
  await untilStates('dead', 1)
  expect(eventsOf(received[0] as Received)).toHaveLength(20)
  expect(Math.max(...received.slice(1).map((one) => eventsOf(one).length))).toBe(2)
  expect(await query(url, 'select payload, attempts from ebb.delivery join ebb.outbox on id = event_id')).toEqual([
    { payload: 7, attempts: 3 },
  ])
})

it('a batch is of one tenant, in whose name it is signed', async () => {
  const { received, template } = await startSubscriber()
  await startTestRelay(url, template, { subscriptions: [batched(2, 0)], pollMs: 100 })
  for (const tenant of ['a', 'b', undefined])
    await emitAll(url, { count: 2, ...(tenant ? { tenant } : {}), notify: false })
  await query(url, `notify ebb_outbox, 'events'`)
  await untilStates('done', 6)
  const tenants = received.map(({ headers }) => decodeJwt(String(headers['ebb-identity'])).tenant)
  expect(tenants.sort()).toEqual(['a', 'b', undefined])
})

const created = event({ type: 'user.created', data: z.object({ n: z.int() }) })
const contract = subscriber({ name: NAME, summary: 'Counts.', on: created, batch: { size: 20 } })

/** The function itself, on the database of the relay. */
async function startFunction() {
  const counter = implement(contract, { sql: postgres }, async ({ events }, { sql }) => {
    for (const { event } of events) await sql`insert into counted values (${event.id})`
  })
  const log = createLog({ level: 'silent' })
  const resources = openResources(counter.uses, parseConfig({ DATABASE_URL: url }), log)
  const verify = createIdentityVerifier((await keys).jwks, NAME)
  const server = createServer(createApp(counter as unknown as Implementation, { resources, verify, log }))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closeLater(async () => {
    server.close().closeAllConnections()
    await resources.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

it('each event takes effect once, where the relay is killed before it has settled', async () => {
  await query(url, 'create table counted (id text)')
  const target = await startFunction()
  const taken: number[] = []
  const { received, template } = await startSubscriber(async (response, count, { headers, body }) => {
    const type = String(headers['content-type'])
    const own = Object.entries(headers).filter(([name]) => /^(ce-|ebb-)/.test(name)) as [string, string][]
    const answer = await fetch(target, { method: 'POST', headers: [...own, ['content-type', type]], body })
    taken.push(answer.status)
    if (count > 1) response.writeHead(answer.status).end(await answer.text())
  })
  const env = await relayEnv(url, template, [batched(20, 100)])
  const start = () => {
    const child = spawn(process.execPath, ['services/relay/index.ts'], { env, stdio: ['pipe', 'ignore', 'ignore'] })
    closeLater(() => child.kill('SIGKILL'))
    return child
  }
  const first = start()
  await emitAll(url, { count: 20 })
  await until('the batch is taken', () => taken.length === 1)
  first.kill('SIGKILL')
  await once(first, 'exit')
  await query(url, `update ebb.delivery set locked_until = now() - interval '1 ms'`)
  start()
  await untilStates('done', 20)
  expect(new Set(taken)).toEqual(new Set([204]))
  expect(received.slice(1).map((one) => eventsOf(one).length)).toEqual(Array(10).fill(2))
  expect(await query(url, 'select count(*)::int as all, count(distinct id)::int as each from counted')).toEqual([
    { all: 20, each: 20 },
  ])
  const statuses = await query<{ what: string }>(url, 'select coalesce(status::text, error) as what from ebb.attempt')
  expect(statuses.filter(({ what }) => what === 'the relay was lost')).toHaveLength(20)
})
