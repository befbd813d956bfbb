import { describe, expect, it } from '@jest/globals'
import { type EndpointShape, endpoint, event, mergePatch, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { contractsData } from '../contracts-data.ts'
import { diffContracts } from './index.ts'

interface Tree {
  name: string
  children?: Tree[] | undefined
}
const treeOf = (name: z.ZodType<string>): z.ZodType<Tree> => {
  const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name, children: z.array(Tree).optional() }))
  return Tree
}

const Body = z.object({
  name: z.string().min(2).max(20),
  email: z.email(),
  count: z.int().min(1).max(9),
  price: z.number().positive().optional(),
  kind: z.enum(['a', 'b']),
  nick: z.string().optional(),
  note: z.string().nullable(),
  code: z.string().regex(/^x/).optional(),
  tags: z.array(z.string()).max(3),
  pair: z.tuple([z.string(), z.number()]),
  deep: z.object({ list: z.array(z.object({ one: z.string() })) }),
  labels: z.record(z.string(), z.string()).optional(),
  either: z.union([z.string(), z.number()]).optional(),
  shape: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('dot'), x: z.number() }),
    z.object({ kind: z.literal('line'), to: z.number() }),
  ]),
  tree: treeOf(z.string()),
})
const Reply = Body.extend({ id: z.uuid(), at: z.iso.datetime().optional() })
const Query = z.object({
  limit: z.int().max(100).default(20),
  sort: z.enum(['name', 'price']).optional(),
  exact: z.boolean().optional(),
  tag: z.array(z.string()).optional(),
})
const Data = z.object({ id: z.string(), email: z.email(), level: z.enum(['low', 'high']) })
const made = event({ type: 'thing.made', data: Data })

const shape = {
  name: 'make-thing',
  summary: 'Make a thing.',
  method: 'POST',
  path: '/v1/shops/{shop}/things',
  params: z.object({ shop: z.string().max(50) }),
  query: Query,
  headers: z.object({ 'x-region': z.enum(['eu', 'us']).optional() }),
  body: Body,
  reply: { status: 201, body: Reply, location: '/v1/things/{id}' },
  failures: { out_of_stock: 409 },
  access: { scopes: ['things:write'] },
  limit: { requests: 10, perSeconds: 1 },
  timeoutMs: 5_000,
  emits: { 'thing.made': made },
} as const satisfies EndpointShape

/** An edit of the one contract; a part that is undefined is removed. */
type Edit = Readonly<Record<string, unknown>>

function contracts(edit: Edit = {}) {
  const parts = Object.entries({ ...shape, ...edit }).filter(([, part]) => part !== undefined)
  const contract = endpoint(Object.fromEntries(parts) as never) as ReturnType<typeof endpoint>
  return contractsData({ [contract.name]: contract })
}

/** What the edit after `before` means, a line each. */
const diff = (edit: Edit, before: Edit = {}) =>
  diffContracts(contracts(before), contracts(edit)).map(
    ({ where, effect, whom, says, announced }) =>
      `${where} ${effect} ${whom ?? ''} ${says}${announced ? ` [${announced}]` : ''}`,
  )

const body = (parts: z.core.$ZodLooseShape): Edit => ({ body: Body.extend(parts) })
const reply = (parts: z.core.$ZodLooseShape): Edit => ({ reply: { ...shape.reply, body: Reply.extend(parts) } })
const query = (parts: z.core.$ZodLooseShape): Edit => ({ query: Query.extend(parts) })
const emits = (data: z.ZodType): Edit => ({ emits: { 'thing.made': event({ type: 'thing.made', data }) } })
const dot = z.object({ kind: z.literal('dot'), x: z.number() })
const line = z.object({ kind: z.literal('line'), to: z.number() })
const wide = (n: z.ZodType) => z.object({ kind: z.literal('wide'), x: n, y: n })
const ring = z.object({ kind: z.literal('ring') })

const CALLERS = 'functions/make-thing breaks callers '
const READERS = 'functions/make-thing breaks readers '
const EVENT = 'events/thing.made breaks readers '

/** What is edited, how, what it was before if it is not the contract above, and all that is said about it. */
type Breaking = readonly [string, Edit, readonly string[], Edit?]

const BREAKING: readonly Breaking[] = [
  ['tenancy', { tenancy: true }, [`${CALLERS}callers without a tenant are refused now`]],
  ['method', { method: 'PUT' }, [`${CALLERS}the method is PUT now, and was POST`]],
  [
    'path',
    { path: '/v2/shops/{shop}/things' },
    [`${CALLERS}the path is /v2/shops/{shop}/things now, and was /v1/shops/{shop}/things`],
  ],
  ['a new required field', body({ size: z.number() }), [`${CALLERS}body.size is required now`]],
  ['an optional field required', body({ nick: z.string() }), [`${CALLERS}body.nick is required now`]],
  ['a field removed', { body: Body.omit({ nick: true }) }, [`${CALLERS}body.nick is refused now`]],
  [
    'a field renamed',
    { body: Body.omit({ nick: true }).extend({ alias: z.string() }) },
    [...[`${CALLERS}body.nick is refused now`, `${CALLERS}body.alias is required now`]],
  ],
  ['another type', body({ name: z.number() }), [`${CALLERS}body.name may not be a string any more`]],
  [
    'whole numbers only',
    body({ price: z.int().positive().optional() }),
    [`${CALLERS}body.price may not be a fraction any more`],
  ],
  ['null refused', body({ note: z.string() }), [`${CALLERS}body.note may not be null any more`]],
  ['an enum member removed', body({ kind: z.enum(['a']) }), [`${CALLERS}body.kind may not be "b" any more`]],
  [
    'a text that becomes an enum',
    body({ nick: z.enum(['x']).optional() }),
    [`${CALLERS}body.nick may not be any other string any more`],
  ],
  [
    'a higher minLength',
    body({ name: z.string().min(3).max(20) }),
    [`${CALLERS}body.name: minLength is 3 now, and was 2`],
  ],
  [
    'a lower maxLength',
    body({ name: z.string().min(2).max(19) }),
    [`${CALLERS}body.name: maxLength is 19 now, and was 20`],
  ],
  [
    'a first maxLength',
    body({ nick: z.string().max(5).optional() }),
    [`${CALLERS}body.nick: maxLength is 5 now, and was none`],
  ],
  ['a higher minimum', body({ count: z.int().min(2).max(9) }), [`${CALLERS}body.count: minimum is 2 now, and was 1`]],
  ['a lower maximum', body({ count: z.int().min(1).max(8) }), [`${CALLERS}body.count: maximum is 8 now, and was 9`]],
  [
    'an excluded end',
    body({ count: z.number().min(1).lt(9) }),
    [`${CALLERS}body.count: maximum is 9 (excluded) now, and was 9`],
    body({ count: z.number().min(1).max(9) }),
  ],
  [
    'an excluded beginning',
    body({ count: z.number().gt(1).max(9) }),
    [`${CALLERS}body.count: minimum is 1 (excluded) now, and was 1`],
    body({ count: z.number().min(1).max(9) }),
  ],
  [
    'an enum that becomes a text with a rule that a member breaks',
    body({ kind: z.string().regex(/^a/) }),
    [`${CALLERS}body.kind may not be "b" any more`],
  ],
  [
    'steps',
    body({ count: z.int().min(1).max(9).multipleOf(2) }),
    [`${CALLERS}body.count: multipleOf is 2 now, and was none`],
  ],
  [
    'a pattern',
    body({ nick: z.string().regex(/^n/).optional() }),
    [`${CALLERS}body.nick: pattern is ^n now, and was none`],
  ],
  [
    'another pattern',
    body({ code: z.string().regex(/^y/).optional() }),
    [`${CALLERS}body.code: pattern is ^y now, and was ^x`],
  ],
  ['a format', body({ nick: z.uuid().optional() }), [`${CALLERS}body.nick: format is uuid now, and was none`]],
  ['fewer elements', body({ tags: z.array(z.string()).max(2) }), [`${CALLERS}body.tags: maxItems is 2 now, and was 3`]],
  [
    'narrower elements',
    body({ tags: z.array(z.string().min(1)).max(3) }),
    [`${CALLERS}body.tags[]: minLength is 1 now, and was none`],
  ],
  [
    'a longer tuple',
    body({ pair: z.tuple([z.string(), z.number(), z.string()]) }),
    [`${CALLERS}body.pair: minItems is 3 now, and was 2`],
  ],
  [
    'a narrower place of a tuple',
    body({ pair: z.tuple([z.string(), z.int()]) }),
    [`${CALLERS}body.pair[1] may not be a fraction any more`],
  ],
  [
    'a required field deep inside',
    body({ deep: z.object({ list: z.array(z.object({ one: z.string(), two: z.string() })) }) }),
    [`${CALLERS}body.deep.list[].two is required now`],
  ],
  [
    'narrower values of a record',
    body({ labels: z.record(z.string(), z.string().max(9)).optional() }),
    [`${CALLERS}body.labels[name]: maxLength is 9 now, and was none`],
  ],
  [
    'listed names of a record',
    body({ labels: z.partialRecord(z.enum(['x']), z.string()).optional() }),
    [`${CALLERS}body.labels[name] is refused now`],
  ],
  [
    'a type out of a union',
    body({ either: z.string().optional() }),
    [`${CALLERS}body.either may not be a number any more`],
  ],
  [
    'a variant out of a union',
    body({ shape: z.discriminatedUnion('kind', [dot]) }),
    [...[`${CALLERS}body.shape.kind may not be "line" any more`]],
  ],
  [
    'a narrower variant',
    body({ shape: z.discriminatedUnion('kind', [dot, line.extend({ to: z.int() })]) }),
    [`${CALLERS}body.shape.to may not be a fraction any more`],
  ],
  [
    'inside what contains itself',
    body({ tree: treeOf(z.string().max(9)) }),
    [`${CALLERS}body.tree.name: maxLength is 9 now, and was none`],
  ],
  ['a body where none was', {}, [`${CALLERS}body is required now`], { body: undefined }],
  ['a body that must be sent', {}, [`${CALLERS}body is required now`], { body: Body.optional() }],
  ['no body any more', { body: undefined }, [`${CALLERS}body is refused now`]],
  ['a required query', query({ page: z.number() }), [`${CALLERS}query.page is required now`]],
  ['a query removed', { query: Query.omit({ exact: true }) }, [`${CALLERS}query.exact is refused now`]],
  [
    'no query any more',
    { query: undefined },
    ['limit', 'sort', 'exact', 'tag'].map((name) => `${CALLERS}query.${name} is refused now`),
  ],
  [
    'a narrower query',
    query({ limit: z.int().max(50).default(20) }),
    [`${CALLERS}query.limit: maximum is 50 now, and was 100`],
  ],
  [
    'a list that becomes one',
    query({ tag: z.string().optional() }),
    [`${CALLERS}query.tag may not be an array any more`],
  ],
  [
    'a narrower parameter',
    { params: z.object({ shop: z.string().max(9) }) },
    [`${CALLERS}params.shop: maxLength is 9 now, and was 50`],
  ],
  [
    'a required header',
    { headers: z.object({ 'x-region': z.enum(['eu', 'us']) }) },
    [`${CALLERS}headers.x-region is required now`],
  ],
  [
    'a further scope',
    { access: { scopes: ['things:write', 'shop:write'] } },
    [`${CALLERS}the scope shop:write is required now`],
  ],
  ['another scope', { access: { scopes: ['shop:write'] } }, [`${CALLERS}the scope shop:write is required now`]],
  [
    'an authorizer',
    { access: { scopes: ['things:write'], authorizer: 'check-partner' } },
    [`${CALLERS}check-partner says who calls now, and a key or a token did`],
  ],
  ['the owner only', { access: { owner: true } }, [`${CALLERS}only the owner may call now`]],
  [
    'a proof of the key of a token',
    { access: { scopes: ['things:write'], dpop: true } },
    [`${CALLERS}a token with a proof of its key is required now`],
    { access: { scopes: ['things:write'] } },
  ],
  [
    'no owner any more',
    {},
    [`${CALLERS}the owner may not call without the scopes any more`],
    { access: { scopes: ['things:write'], owner: true } },
  ],
  [
    'the policy, too',
    { access: { scopes: ['things:write'], policy: true } },
    [`${CALLERS}the policy decides now who may call`],
  ],
  [
    'the policy alone, where anybody could call',
    { access: { policy: true } },
    [`${CALLERS}callers without a key are refused now`, `${CALLERS}the policy decides now who may call`],
    { access: { anonymous: true } },
  ],
  [
    'a key',
    { access: { owner: true } },
    [`${CALLERS}callers without a key are refused now`, `${CALLERS}only the owner may call now`],
    { access: { anonymous: true } },
  ],
  [
    'a first scope',
    { path: '/v1/things', params: undefined },
    [`${CALLERS}the scope things:write is required now`],
    { path: '/v1/things', params: undefined, access: {} },
  ],
  ['idempotent', { idempotent: true }, [`${CALLERS}an Idempotency-Key is required now`]],
  ['idempotent no more', {}, [`${CALLERS}a repeated Idempotency-Key has a second effect now`], { idempotent: true }],
  [
    'reads no more',
    { emits: undefined },
    [`${CALLERS}it does not only read any more, and callers may repeat it`],
    { reads: true, emits: undefined },
  ],
  ['a tool no more', {}, [`${CALLERS}it is not a tool for agents any more`], { tool: true }],
  ['a tool now', { tool: true }, []],
  ['async no more', {}, [`${CALLERS}it is not called asynchronously any more`], { async: true }],
  ['status', { reply: { ...shape.reply, status: 200 } }, [`${READERS}the status is 200 now, and was 201`]],
  [
    'no reply any more',
    { reply: { status: 204 } },
    [
      ...[
        `${READERS}the status is 204 now, and was 201`,
        `${READERS}the header Location is gone`,
        `${READERS}data is gone`,
      ],
    ],
  ],
  ['one reply more', { reply: [shape.reply, { status: 204 }] }, [`${READERS}the status may be 204 now`]],
  ['one reply less', {}, [`${READERS}the status is never 204 any more`], { reply: [shape.reply, { status: 204 }] }],
  [
    'a header of one of several',
    { reply: [{ ...shape.reply, headers: z.object({ 'x-a': z.string().optional() }) }, { status: 204 }] },
    [`${READERS}201: headers.x-a may be absent now`],
    { reply: [{ ...shape.reply, headers: z.object({ 'x-a': z.string() }) }, { status: 204 }] },
  ],
  [
    'headers no more',
    {},
    [`${READERS}headers are gone`],
    { reply: { ...shape.reply, headers: z.object({ 'x-a': z.string() }) } },
  ],
  [
    'a cookie no more',
    {},
    [`${READERS}the cookie a is not set any more`],
    { reply: { ...shape.reply, cookies: { a: { value: z.string() } } } },
  ],
  [
    'another place to be led to',
    { reply: { status: 303, locations: ['https://a.example/*', 'https://b.example/*'] } },
    [`${READERS}it may lead to https://b.example/* now`],
    { reply: { status: 303, locations: ['https://a.example/*'] } },
  ],
  ['a cookie that is required', { cookies: z.object({ a: z.string() }) }, [`${CALLERS}cookies.a is required now`]],
  [
    'versions',
    { conditional: true },
    [`${CALLERS}If-Match or If-None-Match is required now`],
    { conditional: 'optional' },
  ],
  ['no versions', {}, [`${CALLERS}If-Match is not compared any more`], { conditional: 'optional' }],
  [
    'another media type',
    { body: mergePatch(z.object({ a: z.string() })), emits: undefined },
    [`${CALLERS}the body is not taken as application/json any more`],
    { body: z.object({ a: z.string().optional() }), emits: undefined },
  ],
  ['no Location', { reply: { status: 201, body: Reply } }, [`${READERS}the header Location is gone`]],
  ['a failure', { failures: { out_of_stock: 409, closed: 403 } }, [`${CALLERS}it may fail with closed (403) now`]],
  [
    'a failure of another status',
    { failures: { out_of_stock: 410 } },
    [`${CALLERS}out_of_stock has the status 410 now, and had 409`],
  ],
  [
    'the data of a failure removed',
    { failures: { out_of_stock: 409 } },
    [`${READERS}the data of out_of_stock are gone`],
    { failures: { out_of_stock: { status: 409, data: z.object({ left: z.int() }) } } },
  ],
  [
    'a field of the data of a failure removed',
    { failures: { out_of_stock: { status: 409, data: z.object({ until: z.string() }) } } },
    [`${READERS}out_of_stock.data.left is gone`],
    { failures: { out_of_stock: { status: 409, data: z.object({ left: z.int(), until: z.string() }) } } },
  ],
  [
    'a reply field removed',
    { reply: { ...shape.reply, body: Reply.omit({ name: true }) } },
    [`${READERS}data.name is gone`],
  ],
  [
    'an optional reply field removed',
    { reply: { ...shape.reply, body: Reply.omit({ at: true }) } },
    [`${READERS}data.at is gone`],
  ],
  ['a reply field optional', reply({ email: z.email().optional() }), [`${READERS}data.email may be absent now`]],
  [
    'a reply field nullable',
    reply({ name: z.string().min(2).max(20).nullable() }),
    [`${READERS}data.name may be null now`],
  ],
  ['a reply enum member', reply({ kind: z.enum(['a', 'b', 'c']) }), [`${READERS}data.kind may be "c" now`]],
  [
    'an enum of the reply that becomes a text',
    reply({ kind: z.string() }),
    [`${READERS}data.kind may be any other string now`],
  ],
  [
    'a type in a union of the reply',
    reply({ either: z.union([z.string(), z.number(), z.boolean()]).optional() }),
    [`${READERS}data.either may be a boolean now`],
  ],
  [
    'a variant of the reply',
    reply({ shape: z.discriminatedUnion('kind', [dot, line, ring]) }),
    [...[`${READERS}data.shape.kind may be "ring" now`]],
  ],
  [
    'fractions in the reply',
    reply({ count: z.number().min(1).max(9) }),
    [`${READERS}data.count may be a fraction now`],
  ],
  [
    'longer texts in the reply',
    reply({ name: z.string().min(2).max(99) }),
    [`${READERS}data.name: maxLength is 99 now, and was 20`],
  ],
  ['no format in the reply', reply({ id: z.string() }), [`${READERS}data.id: format is none now, and was uuid`]],
  [
    'deep in the reply',
    reply({ deep: z.object({ list: z.array(z.object({})) }) }),
    [`${READERS}data.deep.list[].one is gone`],
  ],
  [
    'what contains itself in the reply',
    reply({ tree: treeOf(z.string().nullable() as never) }),
    [`${READERS}data.tree.name may be null now`],
  ],
  [
    'much in one variant of the reply',
    reply({ shape: z.union([z.object({ kind: z.literal('bare') }), wide(z.number().nullable())]) }),
    [`${READERS}data.shape.x may be null now`, `${READERS}data.shape.y may be null now`],
    reply({ shape: z.union([z.object({ kind: z.literal('bare') }), wide(z.number())]) }),
  ],
  ['an event field removed', emits(Data.omit({ email: true })), [`${EVENT}data.email is gone`]],
  ['an event field optional', emits(Data.partial({ email: true })), [`${EVENT}data.email may be absent now`]],
  [
    'an event enum member',
    emits(Data.extend({ level: z.enum(['low', 'high', 'top']) })),
    [`${EVENT}data.level may be "top" now`],
  ],
  ['no event any more', { emits: undefined }, [`${EVENT}is not emitted any more`]],
]

type Compatible = readonly [string, Edit, Edit?]

const COMPATIBLE: readonly Compatible[] = [
  ['nothing at all', {}],
  ['another summary, description and examples', { summary: 'Other.', description: 'More.', examples: { one: {} } }],
  ['descriptions of fields', body({ nick: z.string().describe('A nickname.').optional() })],
  ['a new optional field', body({ size: z.number().optional() })],
  ['a new field with a default', body({ size: z.number().default(1) })],
  ['a required field optional', body({ name: z.string().min(2).max(20).optional() })],
  ['a default for a required field', body({ kind: z.enum(['a', 'b']).default('a') })],
  ['a field nullable', body({ name: z.string().min(2).max(20).nullable() })],
  ['an enum member more', body({ kind: z.enum(['a', 'b', 'c']) })],
  ['an enum that becomes a text', body({ kind: z.string() })],
  [
    'an enum that becomes a text with a rule that its members keep',
    body({
      kind: z
        .string()
        .max(1)
        .regex(/^[a-z]/),
    }),
  ],
  ['an enum written as literals', body({ kind: z.union([z.literal('a'), z.literal('b')]) })],
  ['literals written as an enum', {}, body({ kind: z.union([z.literal('b'), z.literal('a')]) })],
  ['a boolean written as literals', body({ flag: z.literal([true, false]) }), body({ flag: z.boolean() })],
  ['a lower minLength, a higher maxLength', body({ name: z.string().min(1).max(21) })],
  ['no bounds', body({ name: z.string(), count: z.int(), tags: z.array(z.string()) })],
  ['fractions', body({ count: z.number() })],
  ['an end that says the same', body({ count: z.int().gt(0).lt(10) })],
  ['a beginning that says the same', body({ count: z.int().min(1) }), body({ count: z.int().gt(0) })],
  ['no pattern, no format', body({ code: z.string().optional(), email: z.string() })],
  ['more in a union', body({ either: z.union([z.string(), z.number(), z.boolean()]).optional() })],
  ['a union in another order', body({ either: z.union([z.number(), z.string()]).optional() })],
  ['a variant more', body({ shape: z.discriminatedUnion('kind', [dot, line, ring]) })],
  ['one variant split', body({ shape: z.union([dot, line]) })],
  [
    'a choice split',
    body({ shape: z.discriminatedUnion('kind', [ring, z.object({ kind: z.literal('disc') })]) }),
    body({ shape: z.object({ kind: z.enum(['ring', 'disc']) }) }),
  ],
  [
    'an optional field deep inside',
    body({ deep: z.object({ list: z.array(z.object({ one: z.string(), two: z.string().optional() })) }) }),
  ],
  ['wider in what contains itself', body({ tree: treeOf(z.string().nullable() as never) })],
  ['any value for a field', body({ note: z.unknown() })],
  [
    'any names for a record',
    body({ labels: z.record(z.string(), z.string()).optional() }),
    body({ labels: z.partialRecord(z.enum(['x']), z.string()).optional() }),
  ],
  ['a tuple that becomes a list', body({ pair: z.array(z.union([z.string(), z.number()])) })],
  ['no body required any more', { body: Body.optional() }],
  ['a body that may be left out where none was', { body: Body.optional() }, { body: undefined }],
  ['an optional query', query({ page: z.number().optional() })],
  ['a number of the query that becomes a text', query({ limit: z.string().optional() })],
  ['one value of the query that becomes a list', query({ sort: z.array(z.enum(['name', 'price'])).optional() })],
  ['a wider parameter', { params: z.object({ shop: z.string() }) }],
  ['no header any more', { headers: undefined }],
  ['a scope less', { access: { scopes: ['things:write'] } }, { access: { scopes: ['things:write', 'shop:write'] } }],
  [
    'the policy no more',
    { access: { scopes: ['things:write'] } },
    { access: { scopes: ['things:write'], policy: true } },
  ],
  ['the owner too', { access: { scopes: ['things:write'], owner: true } }],
  ['anonymous callers', { access: { anonymous: true } }],
  ['a plain token too', { access: { scopes: ['things:write'] } }, { access: { scopes: ['things:write'], dpop: true } }],
  ['async', { async: true }],
  ['reads only', { reads: true, emits: undefined }, { emits: undefined }],
  ['a new reply field', reply({ more: z.string() })],
  [
    'a new reply field deep inside',
    reply({ deep: z.object({ list: z.array(z.object({ one: z.string(), two: z.string() })) }) }),
  ],
  ['a reply field always there', reply({ at: z.iso.datetime() })],
  ['a reply field never null', reply({ note: z.string() })],
  ['a reply enum member less', reply({ kind: z.enum(['a']) })],
  ['a variant of the reply less', reply({ shape: z.discriminatedUnion('kind', [dot]) })],
  ['tighter texts in the reply', reply({ name: z.string().min(3).max(9), nick: z.email().optional() })],
  ['a failure less', { failures: undefined }],
  ['data of a failure', { failures: { out_of_stock: { status: 409, data: z.object({ left: z.int() }) } } }],
  ['a Location', {}, { reply: { status: 201, body: Reply } }],
  ['an event', {}, { emits: undefined }],
  ['a new event field', emits(Data.extend({ more: z.string() }))],
  ['an event enum member less', emits(Data.extend({ level: z.enum(['low']) }))],
  ['a looser limit, more time', { limit: { requests: 20, perSeconds: 1 }, timeoutMs: 6_000 }],
  ['no limit', { limit: undefined }],
  ['a higher version', { version: '2' }],
]

// Not by it.each, which walks through all that zod keeps in a schema.
describe('an edit that breaks something', () => {
  for (const [what, edit, says, before] of BREAKING) {
    it(what, () => expect(diff(edit, before)).toEqual(says))

    it(`${what}, announced by a higher version`, () => {
      const said = diff({ ...edit, version: '2' }, before)
      expect(said.map((line) => line.replace(/ \[(make-thing's )?version 1 → 2\]$/, ''))).toEqual(says)
      expect(said.every((line) => line.endsWith(']'))).toBe(true)
    })
  }
})

describe('an edit that is compatible', () => {
  for (const [what, edit, before] of COMPATIBLE) it(what, () => expect(diff(edit, before)).toEqual([]))
})

describe('worth a note', () => {
  const NOTE = 'functions/make-thing note  '
  const NOTES: readonly Breaking[] = [
    [
      'a tighter limit',
      { limit: { requests: 5, perSeconds: 1 } },
      [`${NOTE}the limit is tighter now: 5 requests in 1 s, 5 at once`],
    ],
    ['a first limit', {}, [`${NOTE}the limit is tighter now: 10 requests in 1 s, 10 at once`], { limit: undefined }],
    ['less time', { timeoutMs: 4_000 }, [`${NOTE}it has 4000 ms to answer now, and had 5000`]],
    [
      'a parameter renamed',
      { path: '/v1/shops/{id}/things', params: z.object({ id: z.string() }) },
      [`${NOTE}params.shop is called id now, and typed clients must follow`],
    ],
    [
      'a new name',
      { name: 'create-thing' },
      ['functions/create-thing note  was called make-thing, and typed clients must follow'],
    ],
  ]
  for (const [what, edit, says, before] of NOTES) it(what, () => expect(diff(edit, before)).toEqual(says))
})

describe('a version', () => {
  it.each([
    ['2', '3', true],
    ['9', '10', true],
    ['1.9', '1.10', true],
    ['2026-01-31', '2026-02-01', true],
    [undefined, '2', true],
    [undefined, '1', false],
    ['2', '2', false],
    ['2', '1', false],
    ['2', undefined, false],
  ])('%s → %s announces: %s', (from, to, announces) => {
    const [line = ''] = diff({ ...body({ size: z.number() }), version: to }, { version: from })
    expect(line.includes('[version')).toBe(announces)
  })
})

describe('endpoints and events as a whole', () => {
  const one = endpoint({ ...shape, name: 'one', path: '/v1/one/{shop}' })
  const two = endpoint({ ...shape, name: 'two', path: '/v1/two/{shop}' })
  const lines = (...[before, after]: Parameters<typeof diffContracts>) =>
    diffContracts(before, after).map(({ where, effect, says }) => `${where} ${effect} ${says}`)

  it('breaks callers when one is gone, and nothing when one is new or its event has another source', () => {
    expect(lines(contractsData({ one, two }), contractsData({ one }))).toEqual([
      'functions/two breaks POST /v1/two/{shop} is gone',
    ])
    expect(lines(contractsData({ one }), contractsData({ one, two }))).toEqual([])
  })

  it('compares with what answers the same requests, whatever it is called', () => {
    const old = endpoint({
      ...shape,
      name: 'one-v1',
      path: '/v1/one/{shop}',
      deprecated: { since: '2026-01-01', use: 'one' },
    })
    const next = endpoint({ ...shape, name: 'one', path: '/v2/one/{shop}', body: z.object({ all: z.string() }) })
    const stays = ['functions/one-v1 note was called one, and typed clients must follow']
    const moved = lines(contractsData({ one }), contractsData({ 'one-v1': old, one: next }))
    expect(moved).toEqual([...stays, 'functions/one-v1 note it is deprecated since 2026-01-01'])
    expect(lines(contractsData({ one }), contractsData({ one: next }))).toContain(
      'functions/one breaks the path is /v2/one/{shop} now, and was /v1/one/{shop}',
    )
  })

  const deprecated = (sunset?: string) => ({ deprecated: { since: '2026-01-01', ...(sunset ? { sunset } : {}) } })
  it.each([
    ['2026-06-01', [], '/v1/one is gone, as announced for 2026-06-01'],
    ['2999-01-01', ['breaks'], '/v1/one is gone, and was to answer until 2999-01-01'],
    [undefined, ['breaks'], '/v1/one is gone'],
  ] as const)('the removal of what was to answer until %s', (sunset, effects, says) => {
    const old = endpoint({
      ...{ name: 'one', summary: 'One.', method: 'GET', path: '/v1/one', access: {}, ...deprecated(sunset) },
      reply: { status: 200, body: z.object({}) },
    })
    const found = diffContracts(contractsData({ one: old }), contractsData({}))
    expect(found.map((finding) => finding.says)).toEqual([`GET ${says}`])
    expect(found.map(({ effect }) => effect).filter((effect) => effect === 'breaks')).toEqual(effects)
  })

  it('notes what is deprecated, and breaks by an earlier day than callers were told', () => {
    const late = { one: endpoint({ ...shape, name: 'one', path: '/v1/one/{shop}', ...deprecated('2999-02-01') }) }
    const early = { one: endpoint({ ...shape, name: 'one', path: '/v1/one/{shop}', ...deprecated('2999-01-01') }) }
    expect(lines(contractsData({ one }), contractsData(late))).toEqual([
      'functions/one note it is deprecated since 2026-01-01',
    ])
    expect(lines(contractsData(late), contractsData(early))).toEqual([
      'functions/one breaks it is to answer until 2999-01-01 now, and was until 2999-02-01',
    ])
    expect(lines(contractsData(early), contractsData(late))).toEqual([])
  })

  it('announces nothing where the contract that could announce it is gone with its event', () => {
    const found = diffContracts(contractsData({ one }), contractsData({}))
    expect(found.map(({ where, announced }) => [where, announced])).toEqual([
      ['events/thing.made', undefined],
      ['functions/one', undefined],
    ])
  })

  it('breaks readers by a second source that says more', () => {
    const other = endpoint({
      ...shape,
      ...{ name: 'two', path: '/v1/two/{shop}' },
      emits: { 'thing.made': Data.extend({ level: z.enum(['low', 'high', 'top']) }) },
    })
    expect(lines(contractsData({ one }), contractsData({ one, two: other }))).toEqual([
      'events/thing.made breaks data.level may be "top" now',
    ])
  })

  const follow = (data: z.ZodType, parts: object = {}) =>
    subscriber({ name: 'follow', summary: 'Follow.', on: event({ type: 'thing.made', data }), ...parts })
  const emitting = (data: z.ZodType) =>
    endpoint({ ...shape, name: 'one', path: '/v1/one/{shop}', emits: { 'thing.made': data } })

  it('breaks pending deliveries where a subscriber takes less than was emitted', () => {
    const more = Data.extend({ more: z.string() })
    const before = contractsData({ one, follow: follow(Data) })
    expect(lines(before, contractsData({ one: emitting(more), follow: follow(more) }))).toEqual([
      'functions/follow breaks data.more is required now, and events emitted before would be refused',
    ])
    const announced = contractsData({ one: emitting(more), follow: follow(more, { version: '2' }) })
    expect(diffContracts(before, announced)[0]?.announced).toBe('version 1 → 2')
    expect(lines(before, contractsData({ one, follow: follow(Data.pick({ id: true })) }))).toEqual([])
  })

  describe('a version of an event', () => {
    const type = 'thing.made'
    const second = Data.extend({ more: z.string() })
    const upcast = { from: made, data: (data: z.infer<typeof Data>) => ({ ...data, more: '' }) }
    const madeSecond = event({ type, version: 2, data: second, upcast })
    const emit = (emitted: object) =>
      endpoint({ ...shape, name: 'one', path: '/v1/one/{shop}', emits: { [type]: emitted as typeof made } })
    const on = (one: object, parts: object = {}) =>
      subscriber({ name: 'follow', summary: 'Follow.', on: one as typeof made, ...parts })
    const before = contractsData({ one, follow: follow(Data) })

    it('breaks nothing where subscribers read it, and those who emit it come last', () => {
      expect(lines(before, contractsData({ one, follow: on(madeSecond) }))).toEqual([])
      const after = diffContracts(before, contractsData({ one: emit(madeSecond), follow: on(madeSecond) }))
      expect(after).toEqual([
        {
          ...{ where: 'events/thing.made', effect: 'breaks', whom: 'readers', announced: 'version 1 → 2' },
          says: 'version 1 is not emitted any more, and version 2 is',
        },
      ])
    })

    it('breaks what is stored where there is no upcast from it', () => {
      const apart = event({ type, version: 2, data: second })
      const says =
        'functions/follow breaks version 1 is not read any more, and what is stored would be refused: give version 2 of it an `upcast` from version 1'
      expect(lines(before, contractsData({ one: emit(apart), follow: on(apart) }))).toContain(says)
      // Neither is emitted since, but may be stored.
      const both = contractsData({ one: emit(madeSecond), follow: on(madeSecond) })
      expect(lines(both, contractsData({ one: emit(apart), follow: on(apart) }))).toEqual([says])
      expect(
        diffContracts(both, contractsData({ one: emit(apart), follow: on(apart, { version: '2' }) })),
      ).toMatchObject([{ announced: 'version 1 → 2' }])
    })

    it('breaks what is stored where its schema takes less', () => {
      const narrow = event({ type, data: Data.extend({ level: z.enum(['low']) }) })
      const narrowed = event({
        ...{ type, version: 2, data: second },
        upcast: { from: narrow, data: (data) => ({ ...data, more: '' }) },
      })
      const both = contractsData({ one: emit(madeSecond), follow: on(madeSecond) })
      expect(lines(both, contractsData({ one: emit(madeSecond), follow: on(narrowed) }))).toEqual([
        'functions/follow breaks data.level may not be "high" any more, and events emitted before would be refused',
      ])
    })

    it('is compared with itself only, and going back is not announced', () => {
      const both = contractsData({ one: emit(madeSecond), follow: on(madeSecond) })
      const less = event({ type, version: 2, data: second.omit({ email: true }), upcast })
      expect(lines(both, contractsData({ one: emit(less), follow: on(madeSecond) }))).toEqual([
        'events/thing.made breaks data.email is gone',
      ])
      expect(diffContracts(both, contractsData({ one, follow: on(madeSecond) }))).toEqual([
        {
          ...{ where: 'events/thing.made', effect: 'breaks', whom: 'readers' },
          says: 'version 2 is not emitted any more, and version 1 is',
        },
      ])
    })

    it('does not load while one who subscribes could not read it', () => {
      expect(() => contractsData({ one: emit(madeSecond), follow: follow(Data) })).toThrow(
        'functions/one/contract.ts: it emits version 2 of thing.made, and functions/follow takes version 1',
      )
    })
  })

  it('notes a subscriber that is called with more events at a time, or fewer', () => {
    const data = (batch?: object) => contractsData({ follow: follow(Data, batch ? { batch } : {}) })
    const [one, ten, more] = [data(), data({ size: 10 }), data({ size: 10, withinMs: 9 })] as const
    expect([lines(one, ten), lines(ten, one), lines(ten, more)]).toEqual([
      ['functions/follow note is called with up to 10 events at a time, and not with one event'],
      ['functions/follow note is called with one event at a time, and not with up to 10 events'],
      [],
    ])
  })

  it('notes a subscriber that is gone or takes another event', () => {
    const before = contractsData({ one, follow: follow(Data) })
    expect(lines(before, contractsData({ one }))).toEqual([
      'functions/follow note does not take thing.made any more, and pending deliveries are lost',
    ])
  })
})
