import type { Call } from './run-function.ts'

export interface Request extends Call {
  readonly title: string
  readonly to: 'make-thing' | 'find-thing' | 'note-thing'
  readonly status: number
  /** Whether it leaves an event for the relay. */
  readonly emits?: true
  /** Of the caller's trace, which is sent as traceparent. */
  readonly traceId: string
}

type RequestTemplate = Omit<Request, 'title' | 'status' | 'traceId'>

/** The caller's own span, which neither side exports. */
export const CALLER_SPAN = 'ca11e500ca11e500'

/** What a caller sent, and no span may have. */
export const SECRET = 'Rumpelstiltskin'

const thing = (n: number) => `5f0f5ba4-45b9-4d4c-9c5e-3b7f6a1c0d0${n}`
const make = (id: number, key: string): RequestTemplate => ({
  to: 'make-thing',
  method: 'POST',
  path: `/v1/things/${thing(id)}`,
  headers: { 'idempotency-key': key },
  body: { name: SECRET },
})
const find = (id: number, query: string): RequestTemplate => ({
  to: 'find-thing',
  method: 'GET',
  path: `/v1/things/${thing(id)}?${query}`,
})
/** What a gateway says of who called it. */
const FORWARDED = {
  'x-forwarded-for': '192.0.2.7',
  'x-forwarded-host': 'api.example:8443',
  'x-forwarded-proto': 'http',
}
const attributes = { 'ce-specversion': '1.0', 'ce-id': thing(9), 'ce-source': '/test', 'ce-type': 'thing.made' }
const event: RequestTemplate = {
  to: 'note-thing',
  method: 'POST',
  path: '/',
  issuer: 'relay',
  headers: { ...attributes, 'ce-ebbattempt': '1', 'ce-traceparent': `00-${'50'.repeat(16)}-${'51'.repeat(8)}-01` },
  body: { id: thing(1), name: SECRET, maker: 'ada' },
}

/** Of the one request that brings an event for the first time. */
export const EVENT = '204, an event'

const asked: readonly Omit<Request, 'traceId'>[] = [
  { title: '201, the first of its process', ...make(1, 'one'), status: 201, emits: true },
  { title: '201 again, replayed', ...make(1, 'one'), status: 201 },
  { title: '201, with everything connected', ...make(2, 'two'), status: 201, emits: true },
  { title: '400, input that does not fit', ...make(3, 'three'), body: { name: '' }, status: 400 },
  { title: '404, no such path', ...make(3, 'three'), path: '/v1/nothing', status: 404 },
  { title: '409, a declared failure', ...make(1, 'four'), status: 409 },
  { title: '500, an error of the handler', ...make(4, 'five'), body: { name: `broken ${SECRET}` }, status: 500 },
  { title: '200, a read', ...find(1, 'parts=one'), status: 200 },
  { title: '200, a read through a gateway', ...find(1, 'parts=one'), headers: FORWARDED, status: 200 },
  { title: '400, a query that no span may have', ...find(1, 'parts=one&sig=secret'), status: 400 },
  { title: '200, a read whose own call finds no server', ...find(1, 'parts=none'), status: 200 },
  { title: EVENT, ...event, status: 204 },
  { title: '204, the same event again', ...event, status: 204 },
]

/** What both sides are asked, in this order: each in a trace of its own. */
export const REQUESTS: readonly Request[] = asked.map((request, i) => ({
  ...request,
  traceId: (0xc0ffee00 + i).toString(16).padStart(32, '0'),
}))

export const titleOf = (traceId: string): string =>
  REQUESTS.find((request) => request.traceId === traceId)?.title ?? `trace ${traceId}, which was not asked for`
