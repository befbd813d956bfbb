import { expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { JSON_AT_LIMIT } from '../../test/support/json-at-limit.ts'
import type { EmitOptions } from './emit-options.ts'

/** What its handler emits, by the name that a request gives. */
const EVENTS: Readonly<Record<string, EmitOptions & { readonly data: unknown }>> = {
  plain: { data: ['Zoë ☃'], subject: 'Zoë ☃' },
  nothing: { data: null },
  'the most': { data: Array(10_000).fill('x'), subject: '☃'.repeat(1_000) },
  'a long array': { data: Array(10_001).fill('x') },
  ...Object.fromEntries(JSON_AT_LIMIT.map(({ what, most }) => [`the most ${what}`, { data: most }])),
  ...Object.fromEntries(JSON_AT_LIMIT.map(({ what, over }) => [`too many ${what}`, { data: over }])),
  'deep data': { data: JSON.parse(`${'['.repeat(33)}${']'.repeat(33)}`) },
  // Two quotes come on top.
  'the most bytes': { data: 'x'.repeat(16 * 1024 * 1024 - 2) },
  'large data': { data: 'x'.repeat(16 * 1024 * 1024 - 1) },
  'a long subject': { data: 1, subject: 's'.repeat(1_001) },
  'half a pair': { data: { text: 'A\udc00B' } },
  'half a pair in a name': { data: { '\ud800': 1 } },
  'half a pair in the subject': { data: 1, subject: '\ud800' },
  'U+0000': { data: ['\0'] },
  'U+0000 in the subject': { data: 1, subject: '\0' },
  'the most of a partition': { data: 1, partition: 'x'.repeat(200), afterMs: 1 },
  'too long a partition': { data: 1, partition: 'x'.repeat(201) },
  'two times': { data: 1, at: new Date(), afterMs: 1 },
  'a name of the language': { data: JSON.parse('{"__proto__":1}') },
}

const contract = endpoint({
  name: 'emit-things',
  summary: 'Emits an event that its caller names.',
  method: 'POST',
  path: '/v1/things',
  body: z.object({ what: z.string() }),
  reply: { status: 200, body: z.object({ done: z.boolean() }) },
  access: {},
  emits: { 'thing.made': z.unknown(), 'thing.named': z.object({ name: z.string().min(3).trim() }) },
})

const fn = testFunction(
  implement(contract, { sql: postgres }, async ({ body: { what } }, { emit }) => {
    if (what.startsWith('name:')) {
      await emit('thing.named', { name: what.slice('name:'.length) })
      return { done: true }
    }
    const { data, ...options } = EVENTS[what] ?? { data: 0 }
    await emit('thing.made', data, options)
    return { done: true }
  }),
)

it.each(Object.keys(EVENTS))('%s is emitted only if a subscriber could accept it', async (what) => {
  const caller = await fn.as({ sub: 'ada' })
  const { status } = await caller.post('/v1/things').send({ what })
  const rows = await fn.query('delete from ebb.outbox returning id')
  const fits = what === 'plain' || what === 'nothing' || what.startsWith('the most')
  expect([status, rows.length]).toEqual(fits ? [200, 1] : [500, 0])
})

it.each([
  ['  abc ', 200],
  ['  a ', 500],
  ['a', 500],
])(
  'data that their schema transforms, %j, are emitted only if a subscriber would read the same',
  async (name, status) => {
    const caller = await fn.as({ sub: 'ada' })
    expect((await caller.post('/v1/things').send({ what: `name:${name}` })).status).toBe(status)
    const rows = await fn.query<{ payload: unknown }>('delete from ebb.outbox returning payload')
    expect(rows).toEqual(status === 200 ? [{ payload: { name: 'abc' } }] : [])
  },
)

const made = event({ type: 'loop.made', data: z.object({ n: z.int() }) })
const loop = testFunction(
  implement(
    subscriber({ name: 'make-again', summary: 'Makes it again.', on: made, emits: { 'loop.made': made } }),
    { sql: postgres },
    async ({ data }, { emit }) => emit('loop.made', data),
  ),
)

it.each([
  [undefined, 1],
  [0, 1],
  [7, 8],
])('an event that a subscriber of an event of %s hops emits has %s', async (hops, more) => {
  const options = hops === undefined ? {} : { hops }
  const { status } = await loop.deliver({ type: 'loop.made', data: { n: 1 }, ...options })
  const rows = await loop.query('delete from ebb.outbox returning hops')
  expect([status, rows]).toEqual([204, [{ hops: more }]])
})
