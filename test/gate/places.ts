import { type EndpointShape, event, form, stream } from 'ebb/contract'
import * as z from 'zod'
import type { Pair } from './pairs.ts'

/** Where in a contract a schema may stand. */
export interface Place {
  readonly name: string
  /** Who sends what stands there: callers break by a narrower schema, readers by a wider one. */
  readonly by: 'callers' | 'readers'
  /** Which values can stand there: all, those that a text carries, or those and lists of them. */
  readonly takes: 'all' | 'one' | 'list'
  /** Whether OpenAPI shows it. */
  readonly isShown: boolean
  put(schema: z.ZodType): EndpointShape
}

/** Whether the values of both schemas can stand there. */
export const canStand = ({ takes }: Place, { text }: Pair): boolean =>
  takes === 'all' || text === 'one' || (takes === 'list' && text === 'list')

/** An endpoint of which nothing else matters. */
export const BASE = {
  name: 'change-thing',
  summary: 'Change a thing.',
  method: 'POST',
  path: '/v1/things',
  body: z.object({ kept: z.string() }),
  reply: { status: 200, body: z.object({ kept: z.string() }) },
  access: {},
} as const satisfies EndpointShape

/** The ways in which JSON holds a value. */
const HOLDERS: Readonly<Record<string, (schema: z.ZodType) => z.ZodType>> = {
  field: (value) => z.object({ kept: z.string(), value }),
  'optional field': (value) => z.object({ kept: z.string(), value: value.optional() }),
  'field deep inside': (value) => z.object({ deep: z.object({ deeper: z.object({ value }) }) }),
  'items of a list': (value) => z.object({ list: z.array(z.object({ value })) }),
  'a list': (value) => z.array(value),
  'values of a record': (value) => z.object({ labels: z.record(z.string(), value) }),
  'one variant': (value) =>
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), value }),
      z.object({ kind: z.literal('b'), other: z.string() }),
    ]),
  'a tuple': (value) => z.object({ pair: z.tuple([z.string(), value]) }),
}

type Put = (schema: z.ZodType) => Readonly<Record<string, unknown>>

/** Edited parts are checked when the contract is made of them. */
const place = (by: Place['by'], takes: Place['takes'], name: string, put: Put, isShown = true): Place => ({
  ...{ name, by, takes, isShown },
  put: (schema) => ({ ...BASE, ...put(schema) }) as EndpointShape,
})

const MANY = 'application/x-ndjson'

export const PLACES: readonly Place[] = [
  ...Object.entries(HOLDERS).flatMap(([name, hold]) => [
    place('callers', 'all', `body: ${name}`, (schema) => ({ body: hold(schema) })),
    place('readers', 'all', `reply: ${name}`, (schema) => ({ reply: { status: 200, body: hold(schema) } })),
  ]),
  place('callers', 'list', 'query', (value) => ({ query: z.object({ value }) })),
  place('callers', 'list', 'optional query', (value) => ({ query: z.object({ value: value.optional() }) })),
  place('callers', 'one', 'header', (value) => ({ headers: z.object({ 'x-value': value }) })),
  place('callers', 'one', 'cookie', (value) => ({ cookies: z.object({ value }) })),
  place('callers', 'one', 'parameter', (value) => ({
    ...{ path: '/v1/things/{id}', params: z.object({ id: value }), access: { scopes: ['things:write'] } },
  })),
  place('callers', 'one', 'field of a form', (value) => ({ body: form({ fields: z.object({ value }) }) })),
  place('callers', 'all', 'line of a streamed body', (value) => ({
    body: stream({ type: MANY, maxBytes: 1_000_000, item: z.object({ value }) }),
  })),
  place('readers', 'one', 'header of the reply', (value) => ({
    reply: { ...BASE.reply, headers: z.object({ 'x-value': value }) },
  })),
  place('readers', 'all', 'one reply of two', (value) => ({
    reply: [BASE.reply, { status: 201, body: z.object({ value }) }],
  })),
  place('readers', 'all', 'data of a failure', (value) => ({
    failures: { out_of_stock: { status: 409, data: z.object({ value }) } },
  })),
  place('readers', 'all', 'line of a streamed reply', (value) => ({
    reads: true,
    reply: { status: 200, stream: { type: MANY, item: z.object({ value }) } },
  })),
  place('readers', 'all', 'data of an event', (value) => ({ emits: { 'thing.changed': z.object({ value }) } }), false),
  place('readers', 'all', 'data of a webhook', (value) => ({ emits: { 'thing.changed': webhook(value) } })),
]

const webhook = (value: z.ZodType) =>
  event({ type: 'thing.changed', data: z.object({ owner: z.string(), value }), webhook: { owner: 'owner' } })
