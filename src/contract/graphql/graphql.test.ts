import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { ContractError } from '../contract-error.ts'
import { describeEndpoint } from '../describe.ts'
import { endpoint } from '../endpoint.ts'
import { event } from '../event.ts'
import { graphql } from './graphql.ts'

const Thing = z.object({ id: z.uuid(), owner: z.string() }).meta({ id: 'Thing' })
const anyone = { anonymous: true } as const
const getThing = endpoint({
  ...{ name: 'get-thing', summary: 'Shows a thing.', method: 'GET', path: '/v1/things/{id}' },
  ...{ params: Thing.pick({ id: true }), reply: { status: 200, body: Thing }, access: anyone },
})
const shape = {
  ...({ name: 'graphql', summary: 'Things.', path: '/v1/graphql', access: anyone } as const),
  query: { thing: getThing },
}

const thingMade = event({ type: 'thing.made', data: Thing.extend({ tags: z.array(z.string()), size: z.int32() }) })
const follow = (more: object, on: unknown = thingMade) => ({ subscription: { made: { on, ...more } } })
const IT = '`subscription.made'
const WRONG_SUBSCRIPTIONS: [string, object, string][] = [
  ['no event', { subscription: {} }, '`subscription` names no event; leave it out where nobody follows any'],
  ['an endpoint to follow', follow({ anyone: true }, getThing), `${IT}.on\` must be an event()`],
  [
    'an event that is a text',
    follow({ anyone: true }, event({ type: 'thing.said', data: z.string() })),
    `${IT}.on\` is thing.said, whose data are no object; leave it out`,
  ],
  ['nobody', follow({}), `${IT}\` must say whose event it is: \`owner\`, the field`],
  ['an owner and a tenant', follow({ owner: 'owner', tenant: true }), `${IT}\` must say whose event it is`],
  ['a tenant that is false', follow({ tenant: false }), `${IT}.tenant\` can only be true`],
  [
    'an owner that is not there',
    follow({ owner: 'nobody' }),
    `${IT}.owner\` is "nobody", which must be a field of its data`,
  ],
  ['no scope', follow({ anyone: true, scopes: [''] }), `${IT}.scopes\` names scopes, none of them empty`],
  [
    'a list to follow by',
    follow({ anyone: true, by: ['tags'] }),
    `${IT}.by\` has "tags", which must be a field of its data, and a text,`,
  ],
  [
    'its owner to follow by',
    follow({ owner: 'owner', by: ['owner'] }),
    `${IT}.by\` has "owner", which is its owner already; leave it out`,
  ],
  [
    'a misspelt part',
    follow({ anyone: true, scope: [] }),
    'unknown property `scope`; allowed: on, owner, tenant, anyone, scopes, by',
  ],
  [
    'a latency',
    { ...follow({ anyone: true }), objective: { latencyMs: { p99: 300 } } },
    'who follows events stays as long as they want; drop `objective.latencyMs`, or `subscription`',
  ],
]

/** An endpoint with this reply, as the field `one` of a graph. */
const schemaOf = (body: z.ZodType, query?: z.ZodObject) => {
  const one = endpoint({
    ...{ name: 'get-one', summary: 'Shows one.', method: 'GET', path: '/v1/one', ...(query ? { query } : {}) },
    ...{ reply: { status: 200, body }, access: anyone },
  })
  return graphql({ ...shape, query: { one } }).graphql.schema
}

it('an event is a field of Subscription, of the type of its data, and the gateway learns whose it is', () => {
  const made = { on: thingMade, owner: 'owner', scopes: ['things:read'], by: ['size'] } as const
  const contract = graphql({ ...shape, subscription: { made } })
  expect(contract.graphql.schema).toContain('type Subscription {\n  made(size: Int): Made @cost(weight: "10")\n}')
  expect(describeEndpoint(contract).graphql?.follows).toEqual({
    made: { type: 'thing.made', version: 1, owner: 'owner', scopes: ['things:read'], by: ['size'] },
  })
})

describe('the schema of a reply', () => {
  it.each<[string, z.ZodType, string]>([
    ['a text', z.string(), 'a: String!'],
    ['one that may be missing', z.string().optional(), 'a: String\n'],
    ['one that may be null', z.string().nullable(), 'a: String\n'],
    ['one with a default', z.string().default('x'), 'a: String!'],
    ['a UUID', z.uuid(), 'a: ID!'],
    ['a moment', z.iso.datetime(), 'a: DateTime!'],
    ['a small whole number', z.int().min(0).max(9), 'a: Int!'],
    ['any whole number', z.int(), 'a: Float!'],
    ['a number', z.number(), 'a: Float!'],
    ['a boolean', z.boolean(), 'a: Boolean!'],
    ['an enum', z.enum(['on', 'off']), 'a: OneA!'],
    ['an enum of what are no names', z.enum(['x-1', 'x-2']), 'a: String!'],
    ['a list', z.array(z.string()).max(7), 'a: [String!]! @listSize(assumedSize: 7)'],
    ['a list of what may be null', z.array(z.int32().nullable()), 'a: [Int]! @listSize(assumedSize: 100)'],
    ['an object', z.object({ b: z.string() }), 'a: OneA!'],
    ['a named object', Thing, 'a: Thing!'],
    ['an object with other names', z.object({ 'b-c': z.string() }), 'a: JSON!'],
    ['a record', z.record(z.string(), z.string()), 'a: JSON!'],
    ['a union of objects', z.union([z.object({ b: z.string() }), z.object({ c: z.string() })]), 'a: JSON!'],
    ['a union of texts', z.union([z.literal('b'), z.string()]), 'a: String!'],
    ['anything', z.unknown(), 'a: JSON\n'],
  ])('has %s', (_, schema, text) => {
    expect(schemaOf(z.object({ a: schema }))).toContain(`  ${text}`)
  })

  it('has a type that contains itself once', () => {
    interface Tree {
      readonly name: string
      readonly children: readonly Tree[]
    }
    const tree: z.ZodType<Tree> = z
      .object({ name: z.string(), children: z.array(z.lazy(() => tree)) })
      .meta({ id: 'Tree' })
    expect(schemaOf(tree).match(/type Tree \{/g)).toHaveLength(1)
  })

  it('has parameters as arguments, with their defaults', () => {
    const query = z.object({
      limit: z.int().min(1).max(50).default(10),
      sort: z.enum(['up', 'down']).default('up'),
      q: z.string().default('a "b"').describe('Words'),
      tags: z.array(z.string()).optional(),
    })
    expect(schemaOf(z.object({ items: z.array(Thing) }), query)).toContain(
      'one(limit: Int = 10, sort: OneSort = up, "Words" q: String = "a \\"b\\"", tags: [String!]): One @cost(weight: "10") @listSize(assumedSize: 10, slicingArguments: ["limit"], sizedFields: ["items"])',
    )
  })

  it('has what a link leads to, without the arguments that it gives', () => {
    const { schema } = graphql({ ...shape, links: { Thing: { same: { to: getThing, by: { id: 'id' } } } } }).graphql
    expect(schema).toContain('same: Thing @cost(weight: "10")')
  })
})

describe('the schema of a mutation', () => {
  const write = (more: object) =>
    endpoint({
      ...({ name: 'keep-it', summary: 'Keeps it.', method: 'PATCH', path: '/v1/it/{id}', idempotent: true } as const),
      ...{ params: Thing.pick({ id: true }), reply: { status: 204 }, access: { scopes: ['it:keep'] }, ...more },
    } as never)
  const mutationOf = (more: object) => graphql({ ...shape, mutation: { keepIt: write(more) } })

  it('has what the endpoint takes as arguments, its body as `input`, and `true` where it replies nothing', () => {
    const body = z.object({
      name: z.string().describe('Its name'),
      tone: z.enum(['loud', 'low']).default('low'),
      parts: z.array(z.object({ size: z.int32() })).optional(),
      more: z.record(z.string(), z.string()).optional(),
    })
    const { schema } = mutationOf({ body }).graphql
    expect(schema).toContain('"Keeps it." keepIt(id: ID!, input: KeepItInput!): Boolean @cost(weight: "50")')
    expect(schema).toContain(
      'input KeepItInput {\n  "Its name" name: String!\n  tone: KeepItTone = low\n  parts: [KeepItPartInput!]\n  more: JSON\n}',
    )
    expect(schema).toContain('input KeepItPartInput {\n  size: Int!\n}')
  })

  it('has the replies as types, which links lead from', () => {
    const links = { Thing: { same: { to: getThing, by: { id: 'id' } } } }
    const mutation = { keepIt: write({ reply: { status: 200, body: Thing }, body: Thing }) }
    const { schema } = graphql({ ...shape, mutation, links }).graphql
    expect(schema).toContain('keepIt(id: ID!, input: ThingInput!): Thing')
    expect(schema).toContain('same: Thing @cost(weight: "10")')
  })

  it('names whom it calls, and reads from no replica what it has just written', () => {
    expect(mutationOf({})).toMatchObject({ calls: ['keep-it'], replica: false })
    expect(graphql(shape)).not.toHaveProperty('calls')
  })

  it('has no room for two types of one name', () => {
    const other = z.object({ id: z.uuid() }).meta({ id: 'ThingInput' })
    expect(() => mutationOf({ body: Thing, reply: { status: 200, body: other } })).toThrow(
      'two schemas would be the type ThingInput; give one of them a name of its own by .meta({ id })',
    )
  })

  const leaveOut = '`mutation.keepIt` is keep-it'
  it.each<[string, object, string]>([
    [
      'only reads',
      { method: 'GET', idempotent: undefined, reply: { status: 200, body: Thing } },
      'which only reads; move it to `query`, where it is a GET',
    ],
    [
      'would write twice',
      { idempotent: undefined },
      'which would write again with each repetition; add `idempotent: true` to it',
    ],
    [
      'calls others',
      { calls: ['get-thing'] },
      'which calls get-thing in turn: what it is called with is good for itself alone; leave it out',
    ],
    [
      'is limited',
      { limit: { requests: 1, perSeconds: 1 } },
      'whose `limit` counts its own requests, and a field is none; leave it out',
    ],
    [
      'takes `input`',
      { query: z.object({ input: z.string() }), body: Thing },
      'which has a parameter `input`, as its body is called here; rename the parameter',
    ],
    [
      'reads headers',
      { headers: z.object({ 'x-tone': z.string() }) },
      'which reads headers of its request, and a field has none; leave it out',
    ],
    ['is internal', { access: { internal: true } }, 'which is internal: nobody outside sees it; leave it out'],
  ])('is refused where the endpoint %s', (_, more, sentence) => {
    expect(() => mutationOf(more)).toThrow(ContractError)
    expect(() => mutationOf(more)).toThrow(`${leaveOut}, ${sentence}`)
  })

  it('is refused without any endpoint, or with what is none', () => {
    expect(() => graphql({ ...shape, mutation: {} })).toThrow(
      '`mutation` names no endpoint; leave it out where nobody writes',
    )
    expect(() => graphql({ ...shape, mutation: { it: undefined } } as never)).toThrow(
      '`mutation.it` must be the contract of an endpoint',
    )
  })
})

describe('a graph is refused', () => {
  const get = (more: object, access: object = anyone) =>
    endpoint({
      ...({ name: 'get-it', summary: 'Shows it.', method: 'GET', path: '/v1/it' } as const),
      ...{ reply: { status: 200, body: Thing }, access, ...more },
    } as never)
  const write = endpoint({
    ...{ name: 'put-it', summary: 'Keeps it.', method: 'PUT', path: '/v1/it' },
    ...{ reply: { status: 200, body: Thing }, access: anyone },
  })
  const link = (by: Readonly<Record<string, string>>, field = 'same') => ({
    links: { Thing: { [field]: { to: getThing, by } } },
  })

  it.each<[string, object, string]>([
    ['no endpoint', { query: {} }, '`query` names no endpoint; give it the contract of one'],
    ['no contract', { query: { it: {} } }, '`query.it` must be the contract of an endpoint'],
    ['nothing', { query: { it: undefined } }, '`query.it` must be the contract of an endpoint'],
    ['a write', { query: { it: write } }, '`query.it` is put-it, a PUT; a query shows the replies of GETs'],
    [
      'no body',
      { query: { it: get({ reply: [{ status: 200, body: Thing }, { status: 204 }] }) } },
      '`query.it` is get-it, whose reply is not one body of JSON; leave it out',
    ],
    [
      'headers',
      { query: { it: get({ headers: z.object({ 'x-tone': z.string() }) }) } },
      '`query.it` is get-it, which reads headers of its request, and a field has none; leave it out',
    ],
    [
      'a policy',
      { query: { it: get({}, { policy: true }) } },
      '`query.it` is get-it, which asks the policy about each request; leave it out',
    ],
    [
      'proofs',
      { query: { it: get({}, { dpop: true }) } },
      '`query.it` is get-it, whose `access.dpop` this one does not have; give it the same',
    ],
    [
      'tenants',
      { query: { it: get({ tenancy: true }, {}) } },
      '`query.it` is get-it, which is for callers of a tenant; add `tenancy: true`, or leave it out',
    ],
    [
      'a name',
      { query: { 'a-thing': getThing } },
      'a-thing is no name of a GraphQL field; write letters, digits and _',
    ],
    ...WRONG_SUBSCRIPTIONS,
    ['no depth', { depth: 0 }, '`depth` must be 1 to 50'],
    ['a huge depth', { depth: 51 }, '`depth` must be 1 to 50'],
    ['a cost', { cost: 1.5 }, '`cost` must be 1 to 100000'],
    [
      'only none',
      { persisted: { documents: {}, only: true } },
      '`persisted.only` without any document lets nobody ask',
    ],
    [
      'an id',
      { persisted: { documents: { 'a b': '{ thing }' } } },
      'the persisted operation "a b" needs an id of 1 to 128 letters, digits and . _ : -',
    ],
    ['a misspelt part', { persisted: { document: {} } }, 'unknown property `document`; allowed: documents, only'],
    [
      'a link by nothing',
      link({}),
      "`links.Thing.same.by` says by which property the link goes, such as { sku: 'sku' }",
    ],
    ['a link by what is not there', link({ id: 'key' }), 'the link Thing.same goes by key, which Thing does not have'],
    [
      'a link to what is not taken',
      link({ key: 'id' }),
      'the link Thing.same gives key, which get-thing does not take',
    ],
    ['a link twice', link({ id: 'id' }, 'owner'), 'Thing has owner already; give the link another name'],
    [
      'a link of no type',
      { links: { Thong: { same: { to: getThing, by: { id: 'id' } } } } },
      '`links` names the type Thong, which no reply has; there are Thing',
    ],
  ])('with %s', (_, more, sentence) => {
    const make = () => graphql({ ...shape, ...more } as never)
    expect(make).toThrow(ContractError)
    expect(make).toThrow(sentence)
  })

  it('with two different types of one name', () => {
    const other = z.object({ id: z.uuid() })
    const body = z.object({ it: Thing, other: z.object({ thing: other }) })
    const named = z.object({ a: z.object({ b: z.string() }) })
    const first = get({ reply: { status: 200, body: named } })
    const second = get({ reply: { status: 200, body: z.object({ c: z.int() }) } })
    expect(schemaOf(body)).toContain('type OneOtherThing {')
    // The object `a` of the field `x` would be called as the reply of the field `xA`.
    expect(() => graphql({ ...shape, query: { x: first, xA: second } as never })).toThrow(
      'two schemas would be the type XA; give one of them a name of its own by .meta({ id })',
    )
  })
})
