import { afterEach, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { startMock } from '../../dev/mock/start-mock.ts'
import type { SeenRequest } from '../../protocol/admin/requests.ts'
import { createProbe, type ProbeResponse, type Send } from '../check/probe.ts'
import { compareReads } from '../parity.ts'
import { compareSettings } from './compare-settings.ts'
import { safeRequests } from './safe-requests.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const Thing = z.object({ id: z.string(), n: z.int(), parts: z.array(z.object({ name: z.string() })) })
const common = { summary: 'Things.', access: { anonymous: true } } as const
const getThing = endpoint({
  ...{ ...common, name: 'get-thing', method: 'GET', path: '/v1/things/{id}', params: z.object({ id: z.string() }) },
  reply: { status: 200, body: Thing },
})
const findThings = endpoint({
  ...{
    ...common,
    name: 'find-things',
    method: 'POST',
    path: '/v1/searches',
    reads: true,
    body: z.object({ q: z.string() }),
  },
  ...{ reply: { status: 200, body: z.array(Thing) }, access: { scopes: ['things:read'] } },
})
const makeThing = endpoint({
  ...common,
  name: 'make-thing',
  method: 'POST',
  path: '/v1/things',
  reply: { status: 204 },
})
const CONTRACTS = [getThing, findThings, makeThing]

const seen = (path: string, parts: Partial<SeenRequest> = {}) =>
  ({ function: 'get-thing', method: 'GET', path, status: 200, ...parts }) as SeenRequest

describe('the requests that are sent', () => {
  it('only read: by the contracts, and what was asked for here, each once', () => {
    const lately = [
      seen('/v1/things/7'),
      seen('/v1/things/7'),
      seen('/v1/things/8', { status: 404 }),
      seen('/v1/things/9', { status: 503 }),
    ]
    expect(safeRequests(CONTRACTS, lately, { hasKey: true }).map(({ name }) => name)).toEqual([
      ...['GET /v1/things/{id}, as its contract says', 'GET /v1/things/7', 'GET /v1/things/8'],
      'POST /v1/searches, as its contract says',
    ])
  })

  it('are of endpoints that anyone may call where there is no key', () => {
    expect(safeRequests(CONTRACTS, [], { hasKey: false }).map(({ method }) => method)).toEqual(['GET'])
  })

  it('are not without end', () => {
    const lately = Array.from({ length: 500 }, (_, i) => seen(`/v1/things/${i}`))
    expect(safeRequests(CONTRACTS, lately, { hasKey: false })).toHaveLength(21)
  })
})

/** The mock of these contracts, and itself with its answers changed. */
async function both(change: (answer: ProbeResponse) => Partial<ProbeResponse>) {
  const mock = await startMock(Object.fromEntries(CONTRACTS.map((one) => [one.name, one])), { port: 0, seed: '1' })
  closers.push(mock.stop)
  const here = createProbe(mock.url)
  const there: Send = async (request) => {
    const answer = await here(request)
    return { ...answer, ...change(answer) }
  }
  return compareReads(safeRequests(CONTRACTS, [], { hasKey: false }), { here, there })
}

const REQUEST = 'GET /v1/things/{id}, as its contract says'
const withHeader =
  (name: string, value: string | undefined) =>
  ({ headers }: ProbeResponse) => {
    const changed = new Headers(headers)
    if (value === undefined) changed.delete(name)
    else changed.set(name, value)
    return { headers: changed }
  }

describe('two Ebbs', () => {
  it('that are the same differ in nothing', async () => {
    expect(await both(() => ({}))).toEqual({ differences: [], requests: 1, onOneSide: 0 })
  })

  it.each<[string, (answer: ProbeResponse) => Partial<ProbeResponse>, string]>([
    [
      'status',
      () => ({ status: 503, text: '{"error":"unavailable"}' }),
      'it answers 200 here and 503 unavailable there',
    ],
    [
      'who may call',
      () => ({ status: 401, text: '{"error":"unauthenticated"}' }),
      'it answers 200 here and 401 unauthenticated there',
    ],
    ['a header', withHeader('cache-control', 'no-store'), 'its cache-control is not there here and "no-store" there'],
    ['a header that is missing', withHeader('x-correlation-id', undefined), 'it has x-correlation-id here alone'],
    ['the type of a part', () => ({ text: '{"id":"a","n":"1","parts":[]}' }), 'its n is number here and string there'],
    [
      'a part of elements',
      () => ({ text: '{"id":"a","n":1,"parts":["x"]}' }),
      'its parts[] is object here and string there',
    ],
  ])('that differ by %s', async (_, change, sentence) => {
    expect((await both(change)).differences).toEqual([`${REQUEST}: ${sentence}`])
  })

  it('of which one has not what is asked for are not compared by it', async () => {
    const { differences, onOneSide } = await both(() => ({ status: 404, text: '{"error":"not_found"}' }))
    expect([differences, onOneSide]).toEqual([[], 1])
  })

  it('of which one does not answer', async () => {
    const { differences } = await both(() => {
      throw new Error('ECONNREFUSED')
    })
    expect(differences).toEqual([`${REQUEST}: no answer: ECONNREFUSED`])
  })
})

it('settings that somebody has chosen are compared: no secrets, no addresses, nothing that the laptop sets', () => {
  const setting = (name: string, value: string | null, from = 'environment', secret = false) =>
    ({ name, value, from, secret, live: false }) as const
  const here = [
    ...[setting('EBB_KEYS_PER_CALLER', '10', 'default'), setting('EBB_KEEP_KEYS_HOURS', '24', 'default')],
    ...[
      setting('DATABASE_URL', 'a'),
      setting('EBB_ADMIN_KEY', 'x', 'environment', true),
      setting('EBB_PROFILES', 'true', 'ebb'),
    ],
  ]
  const there = [
    ...[setting('EBB_KEYS_PER_CALLER', '50'), setting('EBB_KEEP_KEYS_HOURS', '24', 'default')],
    ...[
      setting('DATABASE_URL', 'b'),
      setting('EBB_ADMIN_KEY', 'y', 'environment', true),
      setting('EBB_PROFILES', 'false'),
    ],
  ]
  expect(compareSettings(here as never, there as never)).toEqual(['EBB_KEYS_PER_CALLER is 10 here and 50 there'])
})
