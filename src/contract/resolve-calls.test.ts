import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet } from './contract-set.ts'
import { endpoint } from './endpoint.ts'
import { event } from './event.ts'
import { graphql } from './graphql/graphql.ts'
import { stream } from './streams/stream.ts'
import { subscriber } from './subscriber.ts'

const build = (name: string, parts: object = {}) =>
  endpoint({
    ...{ name, summary: 'A test.', method: 'POST', path: `/v1/${name}` },
    ...{ reply: { status: 200, body: z.object({ id: z.string() }) }, access: {} },
    ...parts,
  } as never)
const internal = (name: string, parts: object = {}) => build(name, { access: { internal: true }, ...parts })
const setOf = (...contracts: readonly { readonly name: string }[]) =>
  contractSet(Object.fromEntries(contracts.map((contract) => [contract.name, contract])) as never, {})

describe('an internal endpoint', () => {
  it('is no route of the gateway, and one of the functions', () => {
    const set = setOf(build('ask', { calls: ['answer'] }), internal('answer'))
    expect(set.routes.map(({ name }) => name)).toEqual(['ask'])
    expect(set.internals?.map(({ name }) => name)).toEqual(['answer'])
  })

  it('is known to its callers by the scopes that it asks for', () => {
    const scoped = build('answer', { access: { internal: true, scopes: ['answers:read'] } })
    const [ask] = setOf(build('ask', { calls: ['answer'] }), scoped).routes
    expect(ask?.calls).toEqual([{ name: 'answer', scopes: ['answers:read'] }])
  })

  it.each<[string, object, RegExp]>([
    ['anonymous callers', { access: { internal: true, anonymous: true } }, /drop `anonymous` or `internal`/],
    ['an authorizer', { access: { internal: true, authorizer: 'judge' } }, /drop `authorizer` or `internal`/],
    ['a limit', { limit: { requests: 1, perSeconds: 1 } }, /`limit` counts .* no way from outside/],
    ['a tool', { tool: true }, /`tool` shows it to agents/],
    ['async', { idempotent: true, async: true }, /`async` stores the requests/],
    ['a priority', { priority: 'low' }, /`priority` orders the requests/],
    [
      'a streamed body',
      { body: stream({ type: 'image/png', maxBytes: 1 }) },
      /its body is a stream\(\), which no function/,
    ],
    ['calls of its own', { calls: ['other'] }, /an internal endpoint calls no other/],
    ['a half truth', { access: { internal: false } }, /`access.internal` can only be true/],
  ])('does not take %s', (_, parts, sentence) => {
    expect(() => internal('answer', parts)).toThrow(sentence)
  })
})

it('no internal endpoint is shown by GraphQL', () => {
  const shown = internal('answer', { method: 'GET' })
  const parts = { name: 'graph', summary: 'A test.', path: '/v1/graph', access: {}, query: { answer: shown } }
  expect(() => graphql(parts as never)).toThrow('`query.answer` is answer, which is internal: nobody outside sees it')
})

describe('contractSet() refuses', () => {
  const asked = event({ type: 'thing.asked', data: z.object({ id: z.string() }), summary: 'Asked.' })
  const hear = subscriber({ name: 'hear', summary: 'A test.', on: asked, calls: ['answer'] })

  it.each<[string, readonly { readonly name: string }[], string]>([
    [
      'a call of what is not there',
      [build('ask', { calls: ['answer'] })],
      'functions/ask/contract.ts: it calls `answer`, which is no endpoint() of functions/',
    ],
    [
      'a call of a subscriber',
      [build('ask', { calls: ['hear'] }), hear, internal('answer')],
      'it calls `hear`, which is no',
    ],
    [
      'a circle of two',
      [build('ask', { calls: ['answer'] }), build('answer', { calls: ['ask'] })],
      'functions/ask/contract.ts: it calls itself: ask -> answer -> ask; take one of these calls out, or emit an event in its place',
    ],
    [
      'a circle of three, behind one that is in none',
      [
        build('begin', { calls: ['one'] }),
        build('one', { calls: ['two'] }),
        build('two', { calls: ['three'] }),
        build('three', { calls: ['one'] }),
      ],
      'functions/one/contract.ts: it calls itself: one -> two -> three -> one;',
    ],
    ['a call of itself', [build('ask', { calls: ['ask'] })], 'it calls itself: ask -> ask;'],
    [
      'a call that goes on',
      [build('ask', { calls: ['answer'] }), build('answer', { calls: ['other'] }), internal('other')],
      'functions/ask/contract.ts: it calls `answer`, which calls other in turn: what it is called with is good for itself alone; let `ask` call both',
    ],
    [
      'a call of what is streamed',
      [
        build('ask', { calls: ['give'] }),
        build('give', { method: 'GET', reply: { status: 200, stream: { type: 'text/csv' } } }),
      ],
      'it calls `give`, and its reply is streamed, which no function can call',
    ],
    [
      'a call for which an event has no caller',
      [hear, internal('answer', { access: { internal: true, scopes: ['answers:read'] } })],
      'functions/hear/contract.ts: it calls `answer`, which asks for scopes of its caller, and nobody calls a subscriber',
    ],
  ])('%s', (_, contracts, sentence) => {
    expect(() => setOf(...contracts)).toThrow(sentence)
  })

  it('a list of calls that is none', () => {
    expect(() => build('ask', { calls: [] })).toThrow("such as ['price-order']")
    expect(() => build('ask', { calls: ['a', 'a'] })).toThrow('calls "a" is listed twice')
    expect(() => build('ask', { calls: 'abcdefghi'.split('') })).toThrow('it calls 9 functions, and 8 at most')
  })
})
