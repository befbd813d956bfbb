import { authorizer, type EndpointShape, form, mergePatch, stream } from 'ebb/contract'
import * as z from 'zod'

/** A change of an endpoint that is none of a schema. */
export interface EndpointEdit {
  readonly name: string
  readonly before: Edit
  /** Undefined where the endpoint is gone. */
  readonly after: Edit | undefined
  readonly breaks: boolean
}

/** Parts of the contract in the place of those of the base; undefined takes one away. */
export type Edit = Readonly<Record<string, unknown>>

const breaking = (name: string, before: Edit, after: Edit | undefined): EndpointEdit => ({
  ...{ name, before, after, breaks: true },
})
const compatible = (name: string, before: Edit, after: Edit | undefined): EndpointEdit => ({
  ...{ name, before, after, breaks: false },
})

/** One that breaks in one direction and does not in the other. */
const oneWay = (name: string, before: Edit, after: Edit): readonly EndpointEdit[] => [
  breaking(name, before, after),
  compatible(`${name}, taken back`, after, before),
]

const reply = { status: 200, body: z.object({ kept: z.string() }) }
const json = z.object({ kept: z.string() })
const closed = (data?: z.ZodType) => ({ closed: data ? { status: 409, data } : 409 })
const NDJSON = 'application/x-ndjson'
const bytes = (type: string | readonly string[], maxBytes = 1_000) => ({ body: stream({ type, maxBytes }) })
const file = (parts: object) => ({ body: form({ files: { photo: { type: 'image/png', maxBytes: 9, ...parts } } }) })
const NO_BODY = { method: 'GET', body: undefined }

export const ENDPOINT_EDITS: readonly EndpointEdit[] = [
  ...address(),
  ...access(),
  ...repetition(),
  ...replies(),
  ...failures(),
  ...bodies(),
  ...connections(),
  ...deprecations(),
  ...notes(),
]

function address(): readonly EndpointEdit[] {
  const named = (name: string) => ({
    ...{ path: `/v1/things/{${name}}`, params: z.object({ [name]: z.string() }), access: { scopes: ['things:write'] } },
  })
  return [
    breaking('gone', {}, undefined),
    breaking('another method', {}, { method: 'PUT' }),
    breaking('POST that reads to GET', { reads: true }, NO_BODY),
    breaking('another path', {}, { path: '/v2/things' }),
    breaking('a deeper path', {}, { path: '/v1/things/state' }),
    compatible('a parameter renamed', named('id'), named('thing')),
    compatible('another name', {}, { name: 'alter-thing' }),
  ]
}

function access(): readonly EndpointEdit[] {
  const [read, write] = [{ access: { scopes: ['things:read'] } }, { access: { scopes: ['things:write'] } }]
  return [
    ...oneWay('a key needed', { access: { anonymous: true } }, { access: {} }),
    ...oneWay('a first scope', { access: {} }, read),
    ...oneWay('a further scope', read, { access: { scopes: ['things:read', 'things:write'] } }),
    breaking('another scope', read, write),
    ...oneWay('the owner alone', { access: { scopes: ['things:read'], owner: true } }, { access: { owner: true } }),
    ...oneWay('the policy', read, { access: { scopes: ['things:read'], policy: true } }),
    ...oneWay('a proof of the key', { access: {} }, { access: { dpop: true } }),
    breaking('an authorizer', { access: {} }, { access: { authorizer: 'check-partner' } }),
    breaking('an authorizer no more', { access: { authorizer: 'check-partner' } }, { access: {} }),
    ...oneWay('internal', {}, { access: { internal: true } }),
    ...oneWay('a tenant needed', {}, { tenancy: true }),
  ]
}

function repetition(): readonly EndpointEdit[] {
  return [
    breaking('an Idempotency-Key needed', {}, { idempotent: true }),
    breaking('repeated with effect', { idempotent: true }, {}),
    ...oneWay('not asynchronous any more', { async: true }, {}),
    ...oneWay('no tool any more', { tool: true }, {}),
    ...oneWay('not only reading any more', { reads: true }, {}),
    ...oneWay('If-Match needed', { conditional: 'optional' }, { conditional: true }),
    ...oneWay('If-Match not compared any more', { conditional: 'optional' }, {}),
  ]
}

function replies(): readonly EndpointEdit[] {
  const withHeader = (header: z.ZodType) => ({ reply: { ...reply, headers: z.object({ 'x-value': header }) } })
  const led = (...locations: readonly string[]) => ({ reply: { status: 303, locations } })
  return [
    breaking('another status', {}, { reply: { ...reply, status: 201 } }),
    breaking('no reply any more', {}, { reply: { status: 204 } }),
    breaking('a second reply', {}, { reply: [reply, { status: 204 }] }),
    breaking('a second reply no more', { reply: [reply, { status: 204 }] }, {}),
    ...oneWay(
      'no Location',
      { reply: { ...reply, status: 201, location: '/v1/things/{kept}' } },
      { reply: { ...reply, status: 201 } },
    ),
    ...oneWay('a header no more', withHeader(z.string()), {}),
    ...oneWay('a header now and then', withHeader(z.string()), withHeader(z.string().optional())),
    ...oneWay('a cookie no more', { reply: { ...reply, cookies: { a: { value: z.string() } } } }, {}),
    ...oneWay(
      'another place to be led to',
      led('https://a.example/*'),
      led('https://a.example/*', 'https://b.example/*'),
    ),
    breaking(
      'lines in place of JSON',
      { reads: true },
      { reads: true, reply: { status: 200, stream: { type: NDJSON, item: json } } },
    ),
    breaking(
      'another type of a stream',
      { reads: true, reply: { status: 200, stream: { type: 'text/csv' } } },
      { reads: true, reply: { status: 200, stream: { type: 'application/pdf' } } },
    ),
  ]
}

function failures(): readonly EndpointEdit[] {
  const two = z.object({ left: z.int(), until: z.string() })
  return [
    ...oneWay('a first failure', {}, { failures: closed() }),
    ...oneWay(
      'a failure of a status that is there',
      { failures: { full: 409 } },
      { failures: { full: 409, ...closed() } },
    ),
    ...oneWay('a failure of a new status', { failures: { full: 409 } }, { failures: { full: 409, gone: 410 } }),
    breaking('another status of a failure', { failures: { full: 409 } }, { failures: { full: 410 } }),
    breaking('a failure renamed', { failures: { full: 409 } }, { failures: { filled: 409 } }),
    ...oneWay('data of a failure no more', { failures: closed(two) }, { failures: closed() }),
    ...oneWay(
      'a field of a failure no more',
      { failures: closed(two) },
      { failures: closed(two.omit({ left: true })) },
    ),
  ]
}

function bodies(): readonly EndpointEdit[] {
  return [
    breaking('a first body', { body: undefined }, {}),
    breaking('no body any more', {}, { body: undefined }),
    ...oneWay('a body needed', { body: json.optional() }, {}),
    breaking('a patch in place of JSON', {}, { body: mergePatch(z.object({ kept: z.string() })) }),
    breaking('a form in place of JSON', {}, { body: form({ fields: json }) }),
    breaking('a stream in place of JSON', {}, bytes('text/csv')),
    ...oneWay('fewer types of a stream', bytes(['text/csv', 'text/tab-separated-values']), bytes('text/csv')),
    ...oneWay('one type of many', bytes('image/*'), bytes('image/png')),
    ...oneWay('fewer bytes', bytes('text/csv', 1_000), bytes('text/csv', 500)),
    ...oneWay('a file needed', file({ optional: true }), file({})),
    ...oneWay('fewer types of a file', file({ type: 'image/*' }), file({})),
    ...oneWay('fewer bytes of a file', file({ maxBytes: 20 }), file({})),
    breaking('a file renamed', file({}), { body: form({ files: { image: { type: 'image/png', maxBytes: 9 } } }) }),
  ]
}

function connections(): readonly EndpointEdit[] {
  const socket = (upgrade: object) => ({ ...NO_BODY, reply: { status: 101 }, upgrade })
  return [
    ...oneWay('a subprotocol no more', socket({ subprotocols: ['a', 'b'] }), socket({ subprotocols: ['a'] })),
    ...oneWay('shorter messages', socket({ maxMessageBytes: 2_000 }), socket({ maxMessageBytes: 1_000 })),
    ...oneWay('a narrower message', socket({ receive: z.string() }), socket({ receive: z.string().max(9) })),
    ...oneWay('a wider message to callers', socket({ send: z.string().max(9) }), socket({ send: z.string() })),
    compatible('shorter connections', socket({ maxSeconds: 300 }), socket({ maxSeconds: 200 })),
  ]
}

function deprecations(): readonly EndpointEdit[] {
  const until = (sunset?: string) => ({ deprecated: { since: '2026-01-01', ...(sunset ? { sunset } : {}) } })
  return [
    compatible('deprecated', {}, until()),
    compatible('deprecated until a day', {}, until('2999-01-01')),
    breaking('an earlier day', until('2999-02-01'), until('2999-01-01')),
    compatible('a later day', until('2999-01-01'), until('2999-02-01')),
    compatible('no day any more', until('2999-01-01'), until()),
    compatible('not deprecated any more', until('2999-01-01'), {}),
    compatible('gone on its day', until('2026-06-01'), undefined),
    breaking('gone before its day', until('2999-01-01'), undefined),
    breaking('gone without a day', until(), undefined),
  ]
}

function notes(): readonly EndpointEdit[] {
  const limit = (requests: number) => ({ limit: { requests, perSeconds: 1 } })
  return [
    compatible('nothing', {}, {}),
    compatible('another summary', {}, { summary: 'Change something.' }),
    compatible('a description', {}, { description: 'More of it.' }),
    compatible('an example', {}, { examples: { one: { body: { kept: 'x' } } } }),
    compatible('a tighter limit', limit(20), limit(10)),
    compatible('a first limit', {}, limit(10)),
    compatible('less time', { timeoutMs: 9_000 }, { timeoutMs: 5_000 }),
    compatible('a higher version', { version: '1' }, { version: '2' }),
    compatible('a priority', {}, { priority: 'low' }),
  ]
}

/** What must be there for an endpoint that it judges the callers of. */
export const AUTHORIZER = authorizer({
  ...{ name: 'check-partner', summary: 'Know a partner.', ttlSeconds: 60 },
  credentials: { headers: ['x-partner-token'] },
})

/** The endpoint with these parts. */
export const edited = (base: EndpointShape, edit: Edit): EndpointShape =>
  // What is edited is checked when the contract is made of it.
  Object.fromEntries(
    Object.entries({ ...base, ...edit }).filter(([, part]) => part !== undefined),
  ) as unknown as EndpointShape
