import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { describeEndpoint, endpoint, graphql } from '../contract/index.ts'
import { checkOperations } from './check-operations.ts'

const listThings = endpoint({
  ...{ name: 'list-things', summary: 'Lists things.', method: 'GET', path: '/v1/things', access: { anonymous: true } },
  query: z.object({ limit: z.int().min(1).max(100).default(10), q: z.string().optional() }),
  reply: { status: 200, body: z.object({ items: z.array(z.object({ id: z.uuid() })) }) },
})
const routeWith = (text: string) =>
  describeEndpoint(
    graphql({
      ...({ name: 'graphql', summary: 'Things.', path: '/v1/graphql', access: { anonymous: true } } as const),
      ...{ query: { things: listThings }, depth: 3, cost: 500, persisted: { documents: { one: text } } },
    }),
  )

it.each([
  ['a field', '{ things(limit: 5) { items { id } } }'],
  ['variables that nobody knows yet', 'query A($n: Int!) { things(limit: $n) { items { id } } }'],
])('takes a persisted operation with %s', (_, text) => {
  expect(() => checkOperations([routeWith(text)])).not.toThrow()
})

it.each([
  ['{ things { name } }', 'Cannot query field "name" on type "Things".'],
  ['{ things', 'Syntax Error: Expected Name, found <EOF>.'],
  ['{ things(limit: 600) { items { id } } }', 'An operation costs at most 500, and this one 611.'],
  ['{ __schema { queryType { name } } }', 'GraphQL introspection has been disabled'],
])('refuses %s', (text, why) => {
  expect(() => checkOperations([routeWith(text)])).toThrow(
    `functions/graphql/contract.ts: the persisted operation "one" does not run: ${why}`,
  )
})
