import { expect, it } from '@jest/globals'
import { type EndpointShape, endpoint } from 'ebb/contract'
import * as z from 'zod'
import { openapi } from '../../deploy/index.ts'
import { type ApiDocument, compareDocuments } from './compare-documents.ts'

interface Tree {
  name: string
  children: Tree[]
}
const treeOf = (name: z.ZodType<string>): z.ZodType<Tree> => {
  const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name, children: z.array(Tree) }))
  return Tree
}

const tree = z.object({ id: z.string(), tree: treeOf(z.string()) })
const base: EndpointShape = {
  ...{ name: 'put-thing', summary: 'Keeps a thing.', method: 'PUT', path: '/v1/things/{id}' },
  ...{ access: { scopes: ['things:write'] }, params: z.object({ id: z.string() }) },
  body: z.object({ name: z.string().max(20), kind: z.enum(['a', 'b']) }),
  reply: { status: 200, body: tree },
  failures: { thing_gone: 410 },
}
const other = endpoint({ ...base, name: 'get-other', method: 'PUT', path: '/v1/others/{id}' })
// As a client gets the document over HTTP.
const documentOf = (...contracts: Parameters<typeof openapi>[0]): ApiDocument =>
  JSON.parse(JSON.stringify(openapi(contracts, { version: '1' })))
const compare = (there: Partial<EndpointShape>) =>
  compareDocuments(documentOf(endpoint({ ...base, ...there })), documentOf(endpoint(base)))

it('the same contracts are equal, in any order and with any prose', () => {
  const thing = endpoint(base)
  expect(compareDocuments(documentOf(thing, other), documentOf(other, thing))).toEqual([])
  expect(
    compare({ summary: 'Another.', description: 'More.', examples: { a: { body: { name: 'a', kind: 'a' } } } }),
  ).toEqual([])
})

it.each<[Partial<EndpointShape>, string]>([
  [{ version: '2' }, 'x-version is "2" there and absent here'],
  [{ access: { scopes: ['things:more'] } }, 'x-scopes is ["things:more"] there and ["things:write"] here'],
  [{ access: { anonymous: true } }, 'security is [] there and absent here'],
  [{ query: z.object({ q: z.string() }) }, 'parameters.query q is'],
  [
    { body: z.object({ name: z.string().max(30), kind: z.enum(['a', 'b']) }) },
    'properties.name.maxLength is 30 there and 20 here',
  ],
  [
    { body: z.object({ name: z.string().max(20), kind: z.enum(['a']) }) },
    'properties.kind.enum is ["a"] there and ["a","b"] here',
  ],
  [
    { body: z.object({ name: z.string().max(20).optional(), kind: z.enum(['a', 'b']) }) },
    'required is ["kind"] there and ["kind","name"] here',
  ],
  [{ reply: { status: 201, body: tree } }, 'responses.200 is absent there'],
  [
    { reply: { status: 200, body: z.object({ id: z.string(), tree: treeOf(z.string().max(3)) }) } },
    'name.maxLength is 3 there and absent here',
  ],
  [{ failures: { thing_lost: 410 } }, 'responses.410.description is "`thing_lost`" there and "`thing_gone`" here'],
])('reports a difference: %#', (there, line) => {
  expect(compare(there).join('\n')).toContain(line)
})

it('an endpoint that is only deployed, or only local, is a line each', () => {
  expect(compareDocuments(documentOf(other), documentOf(endpoint(base)))).toEqual([
    'PUT /v1/others/{id} is deployed, but not here',
    'PUT /v1/things/{id} is not deployed',
  ])
})
