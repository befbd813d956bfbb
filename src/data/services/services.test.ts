import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { services } from 'ebb/data'
import { type Implementation, implement } from 'ebb/http'
import * as z from 'zod'
import { serveApps } from '../../../test/support/serve-apps.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { createApp, openResources } from '../../http/index.ts'
import { createLog, parseConfig } from '../../kernel/index.ts'
import {
  createIdentitySigners,
  createIdentityVerifier,
  DELEGATION_HEADER,
  generateIdentityKeys,
  type Identity,
  writeDelegation,
} from '../../protocol/index.ts'
import { meterObservers } from '../../telemetry/index.ts'

/** Longer than any test waits: what ends earlier was ended. */
const LONG_MS = 300_000
const TRACE = 'c1'.repeat(16)

/** What the called function has seen of its calls. */
const seen: { caller: Identity; correlationId: string; traceparent: string; key: unknown; timeoutMs: number }[] = []
let mode = 'answer'
let aborted = 0
/** What answers in the place of the called function. */
let replaced: RequestListener | undefined

const priceThing = endpoint({
  name: 'price-thing',
  summary: 'Says what a thing costs.',
  method: 'POST',
  path: '/v1/prices/{sku}',
  params: z.object({ sku: z.string() }),
  headers: z.object({ 'idempotency-key': z.string().optional(), 'ebb-timeout-ms': z.string().optional() }),
  query: z.object({ quantity: z.int().default(1) }),
  reply: { status: 200, body: z.object({ cents: z.int() }) },
  failures: { thing_not_found: 404 },
  access: { internal: true, scopes: ['prices:read'] },
  idempotent: true,
  timeoutMs: LONG_MS,
})

const orderThing = endpoint({
  name: 'order-thing',
  summary: 'Orders a thing.',
  method: 'POST',
  path: '/v1/orders/{sku}',
  params: z.object({ sku: z.string() }),
  reply: { status: 200, body: z.object({ cents: z.array(z.int()) }) },
  failures: { no_such_thing: 409 },
  access: { scopes: ['orders:write'] },
  calls: ['price-thing'],
  timeoutMs: LONG_MS,
})

const pricer = {
  contract: priceThing,
  uses: {},
  handle: async ({ params, query, headers }, { caller, correlation, fail, signal }) => {
    const [key, timeoutMs] = [headers['idempotency-key'], Number(headers['ebb-timeout-ms'])]
    seen.push({ caller, ...correlation, key, timeoutMs })
    if (params.sku === 'none') throw fail('thing_not_found', 'There is none.')
    if (mode === 'hang') await new Promise((resolve) => signal.addEventListener('abort', () => resolve(aborted++)))
    if (mode === 'break') throw new Error('a secret inside')
    return { cents: 250 * query.quantity }
  },
} as Implementation<typeof priceThing, Record<never, never>> as unknown as Implementation

const orderer = implement(
  orderThing,
  { call: services({ priceThing }) },
  async ({ params: { sku } }, { call, fail }) => {
    const one = await call.priceThing({ params: { sku } })
    if (!one.ok) throw fail('no_such_thing', one.message)
    const two = await call.priceThing({ params: { sku }, query: { quantity: 2 } })
    if (!two.ok) throw two
    return { cents: [one.data.cents, two.data.cents] }
  },
) as unknown as Implementation

const keys = await generateIdentityKeys()
const sign = createIdentitySigners(keys)
/** The lines of both functions' logs. */
const lines: {
  readonly function: string
  readonly caller?: string
  readonly traceId?: string
  readonly via?: string
}[] = []

function logOf(name: string) {
  const log = createLog({ level: 'silent' })
  const keep = (fields: object) => void lines.push({ function: name, ...fields })
  return Object.assign(log, { info: keep, child: () => log })
}

let url: string
const closers: (() => unknown)[] = []
beforeAll(async () => {
  const apps = new Map<string, RequestListener>()
  const served = await serveApps(apps)
  url = served.url
  closers.push(served.close)
  const config = parseConfig({ EBB_UPSTREAM_TEMPLATE: `${url}/{name}` })
  for (const fn of [pricer, orderer]) {
    const { name } = fn.contract
    const log = logOf(name)
    const resources = openResources(fn.uses, config, log, fn.contract)
    closers.push(resources.close)
    const app = createApp(fn, { resources, log, verify: createIdentityVerifier(keys.jwks, name) })
    apps.set(name, (request, response) =>
      replaced && fn === pricer ? replaced(request.resume(), response) : app(request as never, response as never),
    )
  }
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const ada = { sub: 'ada', scopes: ['orders:write', 'prices:read', 'secrets:read'], tenant: 'acme' }
const calls = [{ name: 'price-thing', scopes: ['prices:read'] }]

/** The headers with which gateway or relay call `order-thing` for somebody. */
async function headersFor(caller: Omit<Identity, 'iss'>, issuer: 'gateway' | 'relay' = 'gateway') {
  return {
    'ebb-identity': await sign[issuer](caller, 'order-thing'),
    [DELEGATION_HEADER]: await writeDelegation(sign[issuer], { caller, via: 'order-thing', calls }, { waitMs: 30_000 }),
    traceparent: `00-${TRACE}-${'c2'.repeat(8)}-01`,
    'x-correlation-id': 'the-click-of-ada',
  }
}

async function order(sku: string, headers: Readonly<Record<string, string>>) {
  seen.length = 0
  lines.length = 0
  const response = await fetch(`${url}/order-thing/v1/orders/${sku}`, { method: 'POST', headers })
  return { status: response.status, body: (await response.json()) as { error?: string; message?: string } }
}

/** A call of `price-thing` as somebody else would make it. */
async function callDirectly(identity: string | undefined) {
  const headers = { 'idempotency-key': 'k', ...(identity === undefined ? {} : { 'ebb-identity': identity }) }
  const response = await fetch(`${url}/price-thing/v1/prices/lamp`, { method: 'POST', headers })
  return [response.status, ((await response.json()) as { error: string }).error]
}

describe('a call of another function', () => {
  it("is made as the request's own caller, with no more of its scopes than asked for, in its trace, and both logs say so", async () => {
    const answer = await order('lamp', await headersFor(ada))
    expect(answer).toEqual({ status: 200, body: { cents: [250, 500] } })
    const identity = { sub: 'ada', scopes: ['prices:read'], tenant: 'acme', iss: 'ebb:gateway', via: 'order-thing' }
    expect(seen.map(({ caller }) => caller)).toEqual([identity, identity])
    expect(seen.map(({ correlationId, traceparent }) => [correlationId, traceparent.slice(3, 35)])).toEqual(
      [1, 2].map(() => ['the-click-of-ada', TRACE]),
    )
    expect(lines.map(({ function: name, caller, traceId, via }) => [name, caller, traceId, via])).toEqual([
      ['price-thing', 'ada', TRACE, 'order-thing'],
      ['price-thing', 'ada', TRACE, 'order-thing'],
      ['order-thing', 'ada', TRACE, undefined],
    ])
  })

  it('has what is left of the time, never more', async () => {
    await order('lamp', { ...(await headersFor(ada)), 'ebb-timeout-ms': '4000' })
    const [first = 0, second = 0] = seen.map(({ timeoutMs }) => timeoutMs)
    expect(first).toBeLessThanOrEqual(4_000)
    expect(second).toBeLessThanOrEqual(first)
  })

  it("ends with the request's own deadline: 504 from the outer one, and the inner one is told", async () => {
    mode = 'hang'
    const before = aborted
    const startedAt = performance.now()
    const { status, body } = await order('lamp', { ...(await headersFor(ada)), 'ebb-timeout-ms': '300' })
    mode = 'answer'
    expect([status, body.error]).toEqual([504, 'deadline_exceeded'])
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    expect(aborted - before).toBe(1)
  })

  it('ends where the caller of the outer request hangs up', async () => {
    mode = 'hang'
    const before = aborted
    const hangUp = new AbortController()
    const headers = await headersFor(ada)
    seen.length = 0
    const running = fetch(`${url}/order-thing/v1/orders/lamp`, { method: 'POST', headers, signal: hangUp.signal })
    await untilTrue(() => seen.length === 1, { what: 'the call has arrived' })
    hangUp.abort()
    await expect(running).rejects.toThrow()
    await untilTrue(() => aborted === before + 1, { what: 'the called function is told' })
    mode = 'answer'
  })

  it('has a key that follows from the request and the position of the call: the same again for the same request', async () => {
    const relayed = { ...ada, act: 'relay' }
    const keysOf = async (key: string) => {
      await order('lamp', { ...(await headersFor(relayed, 'relay')), 'idempotency-key': key })
      return seen.map((one) => one.key)
    }
    const [first, again, other] = [await keysOf('one'), await keysOf('one'), await keysOf('two')]
    expect(again).toEqual(first)
    expect(new Set([...first, ...other]).size).toBe(4)
  })

  it('fails as its contract declares, and its caller maps that', async () => {
    const { status, body } = await order('none', await headersFor(ada))
    expect([status, body.error, body.message]).toEqual([409, 'no_such_thing', 'There is none.'])
  })

  it("fails with the caller's own 403 where that has not what the called function asks for", async () => {
    const { status, body } = await order('lamp', await headersFor({ ...ada, scopes: ['orders:write'] }))
    expect([status, body.error]).toEqual([403, 'forbidden'])
  })

  it('fails with 502 where the called function breaks, and says nothing of it', async () => {
    mode = 'break'
    const { status, body } = await order('lamp', await headersFor(ada))
    mode = 'answer'
    expect([status, body.error]).toEqual([502, 'bad_gateway'])
    expect(JSON.stringify(body)).not.toMatch(/secret|price-thing/)
  })

  it('fails with 503 where nobody has vouched for it', async () => {
    const { [DELEGATION_HEADER]: _, ...headers } = await headersFor(ada)
    const { status, body } = await order('lamp', headers)
    expect([status, body.error, seen.length]).toEqual([503, 'unavailable', 0])
  })
})

it('calls are counted by callee and outcome', async () => {
  const counters = new Map<string, (result: { observe: (value: number, attributes: object) => void }) => void>()
  const meter = {
    createObservableCounter: (name: string) => ({ addCallback: (read: never) => void counters.set(name, read) }),
  }
  for (const observe of meterObservers) observe(meter as never)
  const read = () => {
    const values: Record<string, number> = {}
    counters.get('ebb.service.calls')?.({ observe: (n, by) => void Object.assign(values, { [JSON.stringify(by)]: n }) })
    return (outcome: string) => values[JSON.stringify({ callee: 'price-thing', outcome })] ?? 0
  }
  const before = read()
  await order('lamp', await headersFor(ada))
  await order('none', await headersFor(ada))
  await order('lamp', await headersFor({ ...ada, scopes: ['orders:write'] }))
  const after = read()
  const outcomes = ['ok', 'thing_not_found', 'forbidden', 'unavailable']
  expect(outcomes.map((outcome) => after(outcome) - before(outcome))).toEqual([2, 1, 1, 0])
})

describe('a reply that is none', () => {
  const answers: Readonly<Record<string, RequestListener>> = {
    'no JSON': (_request, response) => void response.end('{"cents": 1'),
    'the page of a proxy': (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>secret</h1>'),
    compressed: (_request, response) =>
      void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"cents":1}')),
    enormous: (_request, response) => void response.end(`{"cents":1,"more":"${'x'.repeat(11 * 1024 * 1024)}"}`),
    'truncated on its way': (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"cents":1')
      setImmediate(() => response.destroy())
    },
    'of another status': (_request, response) => void response.writeHead(201).end('{"cents":1}'),
    'a redirect': (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'a failure that its contract does not declare': (_request, response) =>
      void response.writeHead(409).end('{"error":"surprise","message":"a secret"}'),
    'a signature that it does not know': (_request, response) =>
      void response.writeHead(401, { 'www-authenticate': 'Ebb-Identity error="ERR_JWT_EXPIRED"' }).end(),
  }

  it.each(Object.keys(answers))('502, and nothing of it is shown: %s', async (what) => {
    replaced = answers[what]
    const { status, body } = await order('lamp', await headersFor(ada)).finally(() => {
      replaced = undefined
    })
    expect([status, body.error]).toEqual([502, 'bad_gateway'])
    expect(JSON.stringify(body)).not.toMatch(/secret|price-thing|127/)
  })

  it('is waited for twice more where it says that it has too much to do', async () => {
    let tries = 0
    replaced = (_request, response) => {
      if (++tries < 3) response.writeHead(503, { 'retry-after': '0' }).end('{"error":"unavailable","message":"-"}')
      else response.end('{"cents":7}')
    }
    const { status, body } = await order('lamp', await headersFor(ada))
    replaced = undefined
    expect([status, body, tries]).toEqual([200, { cents: [7, 7] }, 4])
  })
})

describe('an internal function refuses', () => {
  it.each<[string, () => Promise<string | undefined>, number, string]>([
    ['whoever has no identity', async () => undefined, 401, 'unauthenticated'],
    ['the gateway itself, in place of a function', () => sign.gateway(ada, 'price-thing'), 403, 'forbidden'],
    [
      'a function that has the identity for itself alone',
      () => sign.gateway(ada, 'order-thing'),
      401,
      'unauthenticated',
    ],
    [
      'a function that has one to call another one with',
      () => sign.gateway({ ...ada, via: 'order-thing' }, 'tax-thing'),
      401,
      'unauthenticated',
    ],
    [
      'an identity that a function has signed by itself',
      async () =>
        createIdentitySigners(await generateIdentityKeys()).gateway({ ...ada, via: 'order-thing' }, 'price-thing'),
      401,
      'unauthenticated',
    ],
  ])('%s', async (_who, identity, status, error) => {
    expect(await callDirectly(await identity())).toEqual([status, error])
  })
})

describe('implement() refuses', () => {
  it('a call that the contract does not say', () => {
    const { calls: _, ...contract } = orderThing
    const uses = { call: services({ priceThing }) } as never
    expect(() => implement(contract as never, uses, (async () => {}) as never)).toThrow(
      "functions/order-thing/contract.ts: its handler calls price-thing, which the contract does not say; add calls: ['price-thing'] to it",
    )
  })

  it('a call that the contract says and the handler does not make', () => {
    expect(() => implement(orderThing, {}, (async () => {}) as never)).toThrow(
      'it says in `calls` that it calls price-thing, and its handler does not',
    )
  })
})
