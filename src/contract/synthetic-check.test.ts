import { expect, it } from '@jest/globals'
import * as z from 'zod'
import type { EndpointShape } from './endpoint-shape.ts'
import { type AnyContract, contractSet, endpoint } from './index.ts'

const READ = {
  ...{ name: 'list-notes', summary: 'A test.', method: 'GET', path: '/v1/teams/{team}/notes' },
  params: z.object({ team: z.string() }),
  query: z.object({ limit: z.int().max(100).default(20), tag: z.array(z.string()).optional() }),
  reply: { status: 200, body: z.object({ notes: z.array(z.string()) }) },
  examples: { 'a page': { params: { team: 'a/b' }, query: { limit: 2, tag: ['x', 'y'] } }, empty: {} },
  access: { scopes: ['notes:read'] },
} as const satisfies EndpointShape
const CHECK = { everySeconds: 300, from: 'a page' }

const WRITE = {
  ...{ name: 'add-note', summary: 'A test.', method: 'POST', path: '/v1/notes' },
  body: z.object({ text: z.string() }),
  reply: { status: 201, body: z.object({ id: z.uuid() }) },
  examples: { short: { body: { text: 'x' } } },
  access: {},
  idempotent: true,
} as const satisfies EndpointShape
const WRITE_CHECK = { everySeconds: 600, from: 'short', undo: 'remove-note' }
const UNDO = {
  ...{ name: 'remove-note', summary: 'A test.', method: 'DELETE', path: '/v1/notes/{id}' },
  params: z.object({ id: z.uuid() }),
  reply: { status: 204 },
  access: { scopes: ['notes:write'] },
} as const satisfies EndpointShape

// What the compiler would refuse is refused all the same.
const declare = (shape: object) => endpoint(shape as never) as AnyContract
const setOf = (...shapes: readonly (object & { readonly name: string; readonly check?: unknown })[]) =>
  contractSet(Object.fromEntries(shapes.map((shape) => [shape.name, declare(shape)])), {})

it('the request of the example is in the contracts that the relay reads', () => {
  const { routes } = setOf({ ...READ, check: CHECK })
  expect(routes[0]?.check).toEqual({
    ...{ everySeconds: 300, from: 'a page', status: 200 },
    target: '/v1/teams/a%2Fb/notes?limit=2&tag=x&tag=y',
  })
})

it('what writes is described with what takes it back', () => {
  const { routes } = setOf({ ...WRITE, check: WRITE_CHECK }, UNDO)
  expect(routes[0]?.check).toEqual({
    ...{ everySeconds: 600, from: 'short', status: 201, target: '/v1/notes', body: '{"text":"x"}' },
    undo: { name: 'remove-note', method: 'DELETE', path: '/v1/notes/{id}', params: {} },
  })
})

it.each<[string, object, string]>([
  ['an unknown part', { check: { ...CHECK, every: 1 } }, 'unknown property `every`; allowed: everySeconds, from, undo'],
  ['no example of it', { check: { ...CHECK, from: 'b' } }, 'is no title of `examples`; there are "a page", "empty"'],
  ['one that is no whole request', { check: { ...CHECK, from: 'empty' } }, 'no whole request: params.team: '],
  ['half seconds', { check: { ...CHECK, everySeconds: 300.5 } }, 'must be whole, and from 60 to 86400'],
  ['a check that keeps it awake', { check: { ...CHECK, everySeconds: 60 } }, 'would keep an instance running'],
  ['an undo of a read', { check: { ...CHECK, undo: 'x' } }, 'nothing to undo; drop `check.undo`'],
  ['no way in', { check: CHECK, access: { internal: true } }, 'no way in from outside'],
  ['no key', { check: CHECK, access: { dpop: true, scopes: ['notes:read'] } }, 'an API key and nothing else'],
  ['a header', { check: CHECK, headers: z.object({ 'x-tone': z.string() }) }, 'x-tone is required'],
])('refused: %s', (_what, part, sentence) => {
  expect(() => declare({ ...READ, ...part })).toThrow(sentence)
})

it('60 seconds where an instance runs anyway', () => {
  expect(declare({ ...READ, check: { ...CHECK, everySeconds: 60 }, scale: { min: 1 } }).kind).toBe('endpoint')
})

it.each<[string, object, string]>([
  ['nothing takes it back', { check: { everySeconds: 600, from: 'short' } }, 'needs `check.undo`'],
  ['a write that is lost', { check: WRITE_CHECK, idempotent: undefined }, 'needs `idempotent: true`'],
  ['an event', { check: WRITE_CHECK, emits: { 'note.added': z.object({}) } }, 'an event cannot be taken back'],
])('refused of what writes: %s', (_what, part, sentence) => {
  expect(() => declare({ ...WRITE, ...part })).toThrow(sentence)
})

it.each<[string, object, string]>([
  ['no such endpoint', { name: 'drop-note' }, 'check.undo "remove-note" is no endpoint that callers have'],
  ['one that reads', { method: 'GET', reply: READ.reply }, 'only reads'],
  ['one that needs a body', { method: 'POST', body: WRITE.body }, 'needs a body'],
  ['one that emits', { emits: { 'note.removed': z.object({}) } }, 'emits events'],
  ['one of something else', { path: '/v1/notes/{note}', params: z.object({ note: z.uuid() }) }, '{note} in its path'],
])('refused as undo: %s', (_what, part, sentence) => {
  expect(() => setOf({ ...WRITE, check: WRITE_CHECK }, { ...UNDO, ...part })).toThrow(sentence)
})
