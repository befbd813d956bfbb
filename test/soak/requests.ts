import { fingerprint } from '../../src/http/idempotency.ts'

/** One request, and what may come of it. */
export interface Kind {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly statuses: readonly number[]
  /** What the body of a 200 or 201 must hold. */
  readonly contains?: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const REPLAYED = 100

export const replayedKey = (i: number) => `stored-${i % REPLAYED}`
const BODY = '{"name":"anchor"}'

/** What the database has to hold so that these are replayed. */
export const storedResponses = () =>
  Array.from({ length: REPLAYED }, (_, i) => ({
    key: replayedKey(i),
    body: JSON.stringify({ echo: replayedKey(i) }),
    fingerprint: fingerprint({
      ...{ method: 'POST', target: '/v1/things', headers: {}, contractHeaders: [], body: Buffer.from(BODY) },
    }),
  }))

type MakeKind = (i: number, key: string) => Omit<Kind, 'name'>

/** Requests that a gateway answers by itself. */
export const BAD: Readonly<Record<string, MakeKind>> = {
  'no such path': (i) => ({ method: 'GET', path: `/v1/nothing/${i}`, headers: {}, statuses: [404] }),
  'another method': () => ({ method: 'POST', path: '/v1/news', headers: JSON_TYPE, body: '{}', statuses: [405] }),
  'no key': (i) => ({ method: 'GET', path: `/v1/things/${i}`, headers: {}, statuses: [401] }),
  'a wrong key': (i) => ({
    method: 'GET',
    path: `/v1/things/${i}`,
    headers: { 'x-api-key': `nope-${i}` },
    statuses: [401],
  }),
  'a query that does not fit': (i, key) => ({
    ...{ method: 'GET', path: `/v1/things/${i}?limit=${101 + i}`, headers: { 'x-api-key': key }, statuses: [400] },
  }),
  'a body that does not fit': (i, key) => ({
    ...{ method: 'POST', path: '/v1/things', body: '{"name":7}', statuses: [400] },
    headers: { ...JSON_TYPE, 'x-api-key': key, 'idempotency-key': `bad-${i}` },
  }),
  'another type': (i, key) => ({
    ...{ method: 'POST', path: '/v1/things', body: 'name=anchor', statuses: [415] },
    headers: { 'content-type': 'text/plain', 'x-api-key': key, 'idempotency-key': `bad-${i}` },
  }),
}

export const CACHED: MakeKind = (i) => ({
  ...{ method: 'GET', path: `/v1/news?page=${1 + (i % 50)}`, headers: {}, statuses: [200] },
  contains: `/v1/news?page=${1 + (i % 50)}`,
})

export const REPLAY: MakeKind = (i, key) => ({
  ...{ method: 'POST', path: '/v1/things', body: BODY, statuses: [201], contains: replayedKey(i) },
  headers: { ...JSON_TYPE, 'x-api-key': key, 'idempotency-key': replayedKey(i) },
})

const FORWARDED: Readonly<Record<string, MakeKind>> = {
  'a read': (i, key) => ({
    ...{ method: 'GET', path: `/v1/things/${i}?limit=5`, headers: { 'x-api-key': key }, statuses: [200] },
    contains: `/v1/things/${i}?limit=5`,
  }),
  'a write': (i, key) => ({
    ...{ method: 'POST', path: '/v1/things', body: BODY, statuses: [201], contains: '/v1/things' },
    headers: { ...JSON_TYPE, 'x-api-key': key, 'idempotency-key': `new-${i}` },
  }),
  'what comes and goes': () => ({ method: 'GET', path: '/v1/extra', headers: {}, statuses: [200, 404] }),
  'what is limited': () => ({ method: 'GET', path: '/v1/limited', headers: {}, statuses: [200, 429] }),
}

const MIXED = Object.entries<MakeKind>({
  ...BAD,
  'what is cached': CACHED,
  'what is cached, once more': CACHED,
  'what was answered before': REPLAY,
  ...FORWARDED,
})

/** The request of this number, of all kinds in turn. */
export function mixed(i: number, key: string): Kind {
  const [name, make] = MIXED[i % MIXED.length] ?? MIXED[0] ?? ['', CACHED]
  return { name, ...make(i, key) }
}
