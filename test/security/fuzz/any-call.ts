import fc, { type Arbitrary } from 'fast-check'
import type { EndpointData } from '../../../src/deploy/contracts-data.ts'
import { requestOf, type Sent } from '../../properties/request-of.ts'

/** One request, before it is known who sends it and what there is to ask for. */
export interface AnyCall {
  /** The name of the endpoint that it was made for. */
  readonly made: string
  readonly sent: Sent
  /** Which of the callers sends it, and which of the things that there are it asks for, each by the rest of a division. */
  readonly caller: number
  readonly thing: number | null
  /** Takes the place of what is fixed in examples and must be unique. */
  readonly unique: number
  /** What was done to it; null is nothing. */
  readonly change: Change | null
}

/** Puts something else into a request's place. */
interface Change {
  readonly name: string
  readonly method?: string
  readonly path?: (path: string) => string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: (body: string) => string
}

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'] as const
const PATHS: readonly ((path: string) => string)[] = [
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.replace('/v1', '/v1/.'),
  (path) => path.replace('/v1', '/V1'),
  (path) => path.replace(/[^/]+$/, '%2e%2e'),
  (path) => path.replace(/[^/]+$/, '%00'),
  (path) => path.replace(/[^/]+$/, "'%20or%201=1--"),
  (path) => path.replace(/[^/]+$/, '0'),
  (path) => `${path}?__proto__=1&constructor=2`,
  (path) => `${path}?limit=1&limit=2&limit[]=3`,
  (path) => `${path}?%`,
  (path) => `${path}&&=&a`,
  () => '/openapi.json',
  () => '/v1/invocations/none',
  () => '/docs/../v1/users',
]
const HEADERS: readonly Readonly<Record<string, string | undefined>>[] = [
  ...['text/plain', 'application/xml', 'application/json; charset=utf-16', 'APPLICATION/JSON', ''].map((type) => ({
    'content-type': type,
  })),
  ...['', 'a'.repeat(256), 'the-same', 'a b', '\u00e4'].map((key) => ({ 'idempotency-key': key })),
  { 'idempotency-key': undefined },
  ...['respond-async', 'respond-async, wait=10', '"', ';=,'].map((prefer) => ({ prefer })),
  { 'content-encoding': 'gzip' },
  { accept: 'text/html' },
  { range: 'bytes=0-0' },
  { 'if-none-match': '*', 'if-match': '"none"' },
  { 'x-correlation-id': '../../etc/passwd' },
  { traceparent: '00-0-0-0' },
  { cookie: 'a=b; __proto__=c' },
  { 'x-http-method-override': 'DELETE' },
  { 'ebb-identity': 'e30.e30.e30', 'x-forwarded-for': '127.0.0.1' },
  { 'ebb-timeout-ms': '-1', 'k-function': 'a' },
  { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  { authorization: 'Basic YTpi' },
  { authorization: 'Bearer ' },
  { connection: 'X-API-Key, Content-Type' },
]
const BODIES: readonly ((body: string) => string)[] = [
  (body) => body.slice(0, -1),
  (body) => `${body}}`,
  (body) => `\ufeff${body}`,
  (body) => body.replace('{', '{"__proto__":{"scopes":["a:b"]},'),
  (body) => body.replace('{', '{"constructor":{},"toString":1,'),
  (body) => body.replace(/"(\w+)":/, '"$1":0,"$1":'),
  (body) => `[${body}]`,
  (body) => body.replaceAll(/:"[^"]*"/g, ':null'),
  (body) => body.replaceAll(/:"[^"]*"/g, ':1e400'),
  (body) => body.replaceAll(/:"([^"]*)"/g, ':["$1"]'),
  () => '',
  () => 'null',
  () => '0',
  () => '"\\ud800"',
  () => `${'['.repeat(100_000)}`,
  () => `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_001)}`,
  () => `[${'0,'.repeat(60_000)}0]`,
  () => `"${'x'.repeat(1_100_000)}"`,
]

const changes: readonly Change[] = [
  ...METHODS.map((method): Change => ({ name: `as ${method}`, method })),
  ...PATHS.map((path, i): Change => ({ name: `path ${i}`, path })),
  ...HEADERS.map((headers): Change => ({ name: `headers ${JSON.stringify(headers).slice(0, 60)}`, headers })),
  ...BODIES.map((body, i): Change => ({ name: `body ${i}`, body })),
]

/** Requests of every endpoint: from its schemas' domains and a little beyond; every other one with one thing changed. */
export function anyCall(endpoints: readonly EndpointData[]): Arbitrary<AnyCall> {
  return fc.oneof(
    ...endpoints.map((endpoint) =>
      fc.record({
        made: fc.constant(endpoint.route.name),
        sent: fc.oneof(requestOf(endpoint), exampleOf(endpoint)),
        caller: fc.nat(),
        // Nothing to ask for by the rest of the path where that has no parameter.
        thing: endpoint.route.path.endsWith('}') ? fc.option(fc.nat(), { freq: 3 }) : fc.constant(null),
        unique: fc.nat(),
        change: fc.option(fc.constantFrom(...changes), { freq: 1 }),
      }),
    ),
  )
}

/** The example of the contract, where it has one for a body. */
function exampleOf({ route: { method, path, exampleBody } }: EndpointData): Arbitrary<Sent> {
  const body = exampleBody === undefined ? {} : { body: JSON.stringify(exampleBody) }
  const headers = { 'content-type': 'application/json' }
  return fc.uuid().map((key) => ({
    target: path.replaceAll(/\{\w+\}/g, key),
    init: { method, headers: { ...headers, 'idempotency-key': key }, ...body },
  }))
}

/** As it goes out; a thing takes the place of the last segment of the path. */
export function applyChange({ sent: { target, init }, change, unique }: AnyCall, thing: string | undefined) {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const asked = thing === undefined ? path : path.replace(/[^/]+$/, thing)
  const changed = change?.path?.(asked) ?? asked
  const headers = Object.entries({ ...init.headers, ...change?.headers }).filter(([, value]) => value !== undefined)
  const body =
    init.body === undefined && !change?.body
      ? undefined
      : (change?.body?.(init.body ?? '{}') ?? init.body)?.replace('ada@', `${unique}@`)
  return {
    method: change?.method ?? init.method,
    path: query === '' || changed.includes('?') ? changed : `${changed}?${query}`,
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(body === undefined ? {} : { body }),
  }
}
