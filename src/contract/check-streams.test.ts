import { describe, expect, it } from '@jest/globals'
import { endpoint, form, stream } from 'ebb/contract'
import * as z from 'zod'
import { describeDeployment, describeEndpoint, gatewayDrainMs } from './index.ts'

const Item = z.object({ n: z.int() })
const NDJSON = 'application/x-ndjson'
const upload = {
  name: 'put-file',
  summary: 'Keep a file.',
  method: 'PUT',
  path: '/v1/file',
  body: stream({ type: 'text/csv', maxBytes: 10 }),
  reply: { status: 204 },
  access: {},
} as const
const list = {
  name: 'list-rows',
  summary: 'List.',
  method: 'GET',
  path: '/v1/rows',
  reply: { status: 200, stream: { type: 'application/x-ndjson', item: Item } },
  access: {},
} as const

/** Builds what the types refuse, as plain JavaScript could. */
const build = (contract: object, parts: object) => () => endpoint({ ...contract, ...parts } as never)
const body = (options: object) => ({ body: stream({ ...upload.body, ...options, kind: undefined } as never) })
const reply = (stream: object) => ({ reply: { status: 200, stream } })
const files = (photo: object) => ({ body: form({ files: { photo } } as never) })

describe('endpoint() refuses streams that it cannot keep', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a body that is neither', build(upload, { body: { kind: 'other' } }), /a zod schema, or a stream\(\) or form\(\)/],
    ['a body on GET', build(upload, { method: 'GET' }), /a GET has no body/],
    ['a key', build(upload, { idempotent: true }), /cannot be told from another; drop `idempotent`/],
    ['a later call', build(upload, { async: true }), /not kept for a later call; drop `async`/],
    ['a tool with a body', build(upload, { tool: true }), /an agent sends JSON/],
    ['a tool with a reply', build(list, { tool: true }), /an agent gets one JSON document/],
    ['an example of a body', build(upload, { examples: { one: { body: 'a' } } }), /cannot show a streamed body/],
    ['a type that is none', build(upload, body({ type: 'csv' })), /the type "csv" of `body: stream\(\)` must be/],
    ['no type', build(upload, body({ type: [] })), /needs a `type`/],
    ['JSON', build(upload, body({ type: 'application/json' })), /has a schema; write it in place/],
    ['multipart', build(upload, body({ type: 'multipart/form-data' })), /write `body: form/],
    ['no limit', build(upload, body({ maxBytes: undefined })), /needs `maxBytes`, whole/],
    ['a limit of time', build(upload, body({ maxMs: 10 })), /`maxMs` of `body: stream\(\)` must be whole, and 1000 to/],
    ['a misspelt part', build(upload, body({ maxSize: 1 })), /unknown property `maxSize`/],
    ['items of bytes', build(upload, body({ item: Item })), /one of application\/x-ndjson; make that the only `type`/],
    [
      'items that are none',
      build(upload, body({ type: NDJSON, item: {} })),
      /`item` of `body: stream\(\)` must be a zod/,
    ],
    ['a long line of nothing', build(upload, body({ maxItemBytes: 1 })), /`maxItemBytes` of `body: stream\(\)` is the/],
    [
      'a line without limit',
      build(upload, body({ type: NDJSON, item: Item, maxItemBytes: 2 ** 30 })),
      /`maxItemBytes` of `body: stream\(\)` must be whole, and 1 to 1048576/,
    ],
    ['what JSON cannot carry', build(upload, body({ type: NDJSON, item: z.date() })), /in body.item, /],
    ['an empty form', build(upload, { body: form({}) }), /needs `fields`, `files` or both/],
    [
      'fields',
      build(upload, { body: form({ fields: z.object({ a: z.object({}) }) }) }),
      /in body.fields, a is a z.object/,
    ],
    [
      'one name twice',
      build(upload, {
        body: form({ fields: z.object({ a: z.string() }), files: { a: { type: 'image/*', maxBytes: 1 } } }),
      }),
      /a field and a file a/,
    ],
    ['a file without limit', build(upload, files({ type: 'image/*' })), /the file photo needs `maxBytes`/],
    ['large files', build(upload, files({ type: 'image/*', maxBytes: 50_000_000 })), /for more use `body: stream\(\)`/],
    ['a reply and a stream', build(list, { reply: { ...list.reply, body: Item } }), /a `body` or a `stream`/],
    ['a 204', build(list, { reply: { ...list.reply, status: 204 } }), /a 204 has no body; use status 200/],
    ['a location', build(list, { reply: { ...list.reply, location: '/v1/rows' } }), /which a streamed reply has not/],
    ['a handler that writes', build(list, { method: 'POST' }), /its handler only reads; use GET/],
    ['a reply with a key', build(list, { idempotent: true }), /cannot be replayed; drop `idempotent`/],
    ['a reply for later', build(list, { async: true }), /not kept for later; drop `async`/],
    ['events that it emits', build(list, { emits: { 'a.b': Item } }), /cannot emit/],
    ['several types of a reply', build(list, reply({ type: 'image/*' })), /must be one media type/],
    ['a reply of JSON', build(list, reply({ type: 'application/json' })), /one JSON document is a reply.body/],
    ['items of bytes', build(list, reply({ type: 'text/csv', item: Item })), /is bytes and has no `item`/],
    ['no items', build(list, reply({ type: 'text/event-stream' })), /needs `item`/],
    ['an example of a reply', build(list, { examples: { one: { reply: [] } } }), /cannot show a streamed one/],
  ])('%s', (_what, make, sentence) => {
    expect(make).toThrow(sentence)
  })
})

describe('a route says of its streams', () => {
  it('types and limits, with their defaults', () => {
    expect(describeEndpoint(endpoint(upload))).toMatchObject({
      ...{ hasBody: true, maxBodyBytes: 10 },
      bodyStream: { types: ['text/csv'], maxBytes: 10, maxMs: 300_000 },
    })
    expect(describeEndpoint(endpoint(list)).replyStream).toEqual({ type: 'application/x-ndjson', maxMs: 300_000 })
    const photo = form({ files: { photo: { type: 'image/*', maxBytes: 1_000 } } })
    expect(describeEndpoint(endpoint({ ...upload, body: photo })).bodyStream).toMatchObject({
      ...{ types: ['multipart/form-data'], form: true },
    })
  })

  it('nothing where there are none', () => {
    const route = describeEndpoint(endpoint({ ...list, reply: { status: 200, body: Item } }))
    expect([route.bodyStream, route.replyStream]).toEqual([undefined, undefined])
  })

  it('how long clusters are to let it run, and wait for it at the end: for events they do not', () => {
    const long = endpoint({ ...list, reply: { status: 200, stream: { ...list.reply.stream, maxMs: 400_000 } } })
    const events = endpoint({ ...list, reply: { status: 200, stream: { type: 'text/event-stream', item: Item } } })
    expect([long, events].map((contract) => describeDeployment(contract).timeoutMs)).toEqual([400_000, 300_000])
    const drainMs = (contract: typeof long | typeof events) =>
      gatewayDrainMs({ startTimeoutMs: 0, contracts: [describeEndpoint(contract)] })
    expect(drainMs(long) - drainMs(events)).toBe(390_000)
  })
})
