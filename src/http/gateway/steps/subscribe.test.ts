import { describe, expect, it } from '@jest/globals'
import { createClient } from 'graphql-sse'
import * as z from 'zod'
import { event } from '../../../contract/event.ts'
import { contractSet, endpoint, graphql } from '../../../contract/index.ts'
import { followOperation } from '../../graphql/follow-operation.ts'
import { createOperations } from '../../graphql/operations.ts'
import type { EmittedEvent, Followed } from '../subscriptions.ts'
import { testGateway } from '../test-support.ts'

const Thing = z.object({ id: z.string(), owner: z.string() }).meta({ id: 'Thing' })
const shared = { summary: 'A test.', method: 'GET', access: { anonymous: true } } as const
const getThing = endpoint({
  ...{ ...shared, name: 'get-thing', path: '/v1/things/{id}', params: z.object({ id: z.string() }) },
  reply: { status: 200, body: Thing },
})
const thingMade = event({ type: 'thing.made', data: Thing })
const graph = graphql({
  ...{ name: 'graph', summary: 'Things.', path: '/v1/graph', access: { anonymous: true } },
  query: { thing: getThing },
  links: { Thing: { like: { to: getThing, by: { id: 'id' } } } },
  subscription: {
    thingMade: { on: thingMade, anyone: true, by: ['id'] },
    mine: { on: thingMade, owner: 'owner' },
    ours: { on: thingMade, tenant: true },
    written: { on: thingMade, anyone: true, scopes: ['things:write'] },
  },
  persisted: { documents: { known: 'subscription { thingMade { id } }' } },
})
const contracts = contractSet({ graph }, {})

/** A gateway at which these events come, and what was asked for. */
async function setUp(events: readonly EmittedEvent[] = [], { isEndless = true } = {}) {
  const asked: Followed[] = []
  const closed = Promise.withResolvers<void>()
  const drainer = new AbortController()
  const follow = async (wanted: Followed) => {
    asked.push(wanted)
    return {
      position: '1:1:',
      close: closed.resolve,
      async *[Symbol.asyncIterator]() {
        yield* events
        if (isEndless) await closed.promise
      },
    }
  }
  const gateway = await testGateway({
    dependencies: {
      contracts: () => contracts,
      graphql: async (limits) => createOperations(limits),
      ...{ subscriptions: { run: followOperation, follow }, draining: drainer.signal },
    },
  })
  const ask = (query: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${gateway.url}/v1/graph`, {
      ...{ method: 'POST', body: JSON.stringify({ query }) },
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    })
  return { ...gateway, asked, closed: closed.promise, drain: () => drainer.abort(), ask }
}

const made = (id: string, position?: string): EmittedEvent => ({ data: { id, owner: 'ann', inner: 1 }, position })
const codeOf = async (response: Response) =>
  ((await response.json()) as { errors: readonly { extensions: { code: string } }[] }).errors[0]?.extensions.code

describe('a subscription', () => {
  it('is one that graphql-sse understands, and no function is called', async () => {
    const { url, invoked, closed } = await setUp([made('1'), made('2', '7:9:8')])
    const client = createClient({ url: `${url}/v1/graph` })
    const results: unknown[] = []
    for await (const result of client.iterate({ query: 'subscription { thingMade { id } }' })) {
      results.push(result)
      if (results.length === 2) break
    }
    expect(results).toEqual([{ data: { thingMade: { id: '1' } } }, { data: { thingMade: { id: '2' } } }])
    await closed
    expect(invoked).toEqual([])
  })

  it('is events, each behind which it can be taken up again has an id, and so has the beginning', async () => {
    const { ask } = await setUp([made('1'), made('2', '7:9:8')], { isEndless: false })
    const response = await ask('subscription { thingMade { id } }')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...{ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    })
    expect(await response.text()).toBe(
      [
        ...['id: 1:1:', '', 'event: next', 'data: {"data":{"thingMade":{"id":"1"}}}', ''],
        ...['id: 7:9:8', 'event: next', 'data: {"data":{"thingMade":{"id":"2"}}}', '', ''],
      ].join('\n'),
    )
  })

  it('comes by GET and by its id, too, from where it was', async () => {
    const { url, asked } = await setUp([], { isEndless: false })
    for (const query of ['query=subscription%7Bmine%7Bid%7D%7D', 'documentId=known'])
      await (
        await fetch(`${url}/v1/graph?${query}`, {
          headers: { accept: 'text/event-stream', 'last-event-id': '7:9:8', 'x-api-key': 'full' },
        })
      ).text()
    expect(asked.map(({ after }) => after)).toEqual(['7:9:8', '7:9:8'])
  })

  it('ends with its caller, with the gateway, and by itself where it has fallen behind', async () => {
    const first = await setUp()
    const hangUp = new AbortController()
    await fetch(`${first.url}/v1/graph?query=subscription%7BthingMade%7Bid%7D%7D`, {
      ...{ signal: hangUp.signal, headers: { accept: 'text/event-stream' } },
    })
    hangUp.abort()
    await first.closed
    const second = await setUp()
    const response = await second.ask('subscription { thingMade { id } }')
    second.drain()
    expect(await response.text()).toMatch(/^id: 1:1:\n\nretry: \d+\n\n$/)
    const third = await setUp([], { isEndless: false })
    expect(await (await third.ask('subscription { thingMade { id } }')).text()).toBe('id: 1:1:\n\n')
  })

  it('has an error where an event does not have what its schema says, and goes on', async () => {
    const { ask, lines } = await setUp([{ data: { owner: 'ann' }, position: '1:2:' }, made('2')], { isEndless: false })
    const events = (await (await ask('subscription { thingMade { id } }')).text())
      .split('\n')
      .filter((line) => line.startsWith('data'))
    expect(events.map((line) => JSON.parse(line.slice('data: '.length)))).toEqual([
      {
        data: { thingMade: null },
        errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'internal', status: 500 }) })],
      },
      { data: { thingMade: { id: '2' } } },
    ])
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'a field failed' }))
  })
})

describe('whose events they are', () => {
  it.each([
    ['thingMade', 'full', { tenant: undefined, fields: {} }],
    ['thingMade(id: "7")', 'full', { tenant: undefined, fields: { id: '7' } }],
    ['mine', 'full', { tenant: null, fields: { owner: 'ann' } }],
    ['mine', 'acme', { tenant: 'acme', fields: { owner: 'ann' } }],
    ['ours', 'acme', { tenant: 'acme', fields: {} }],
    ['written', 'full', { tenant: undefined, fields: {} }],
  ])('%s is followed by %s', async (field, key, whose) => {
    const { ask, asked } = await setUp([], { isEndless: false })
    expect((await ask(`subscription { ${field} { id } }`, { 'x-api-key': key })).status).toBe(200)
    expect(asked).toMatchObject([{ type: 'thing.made', version: 1, ...whose }])
  })

  it.each([
    ['mine', undefined, 401, 'unauthenticated'],
    ['ours', undefined, 401, 'unauthenticated'],
    ['written', undefined, 401, 'unauthenticated'],
    ['ours', 'full', 403, 'tenant_required'],
    ['written', 'mail', 403, 'forbidden'],
  ])('%s is not for %s', async (field, key, status, code) => {
    const { ask, asked } = await setUp()
    const response = await ask(`subscription { ${field} { id } }`, key ? { 'x-api-key': key } : {})
    expect([response.status, await codeOf(response), asked]).toEqual([status, code, []])
  })
})

describe('refused without a look at the events', () => {
  it.each([
    ['what is looked up', 'subscription { thingMade { id like { id } } }', 'invalid_operation'],
    ['two fields', 'subscription { thingMade { id } mine { id } }', 'invalid_operation'],
    ['what defers', 'subscription { thingMade { ... @defer { id } } }', 'invalid_operation'],
    ['what is no event', 'subscription { nothing { id } }', 'invalid_operation'],
    ['a deep one', `subscription { thingMade ${'{ like '.repeat(20)}{ id }${' }'.repeat(20)} }`, 'operation_too_deep'],
  ])('%s', async (_, query, code) => {
    const { ask, asked, invoked } = await setUp()
    const response = await ask(query)
    expect([response.status, await codeOf(response), asked, invoked]).toEqual([400, code, [], []])
  })

  it('one whose caller takes no events', async () => {
    const { ask, asked } = await setUp()
    const response = await ask('subscription { thingMade { id } }', { accept: 'application/json' })
    expect([response.status, await codeOf(response), asked]).toEqual([406, 'invalid_request', []])
  })
})
