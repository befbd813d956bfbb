import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { parseQuery } from '../http/query.ts'
import { endpoint } from './endpoint.ts'
import { parsePathTemplate } from './path-template.ts'
import { toInput } from './schema/strict-schema.ts'
import { createValidator } from './validate.ts'

interface Tree {
  name: string
  children?: Tree[] | undefined
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree).optional() }))

const validate = createValidator(
  endpoint({
    name: 'search',
    summary: 'Search.',
    method: 'POST',
    path: '/v1/{shop}/search',
    reads: true,
    params: z.object({ shop: z.number().int() }),
    query: z.object({
      limit: z.number().int().max(100).default(20),
      exact: z.boolean().optional(),
      tag: z.array(z.string()).optional(),
      sort: z.enum(['name', 'price']).optional(),
      level: z.literal([1, 2]).optional(),
      near: z.union([z.number(), z.literal('me')]).optional(),
    }),
    headers: z.object({ 'x-region': z.string().optional() }),
    body: z.object({
      deep: z.object({ a: z.union([z.object({ x: z.string() }), z.object({ y: z.number() })]) }),
      tree: Tree.optional(),
    }),
    reply: { status: 200, body: z.object({}) },
    access: { scopes: ['shop:read'] },
  }),
)
const body = { deep: { a: { x: 'x' } } }
const query = (search: string) => parseQuery(`/?${search}`)
const validateQuery = (search: string, rest: object = {}) =>
  validate({ params: { shop: ['7'] }, query: query(search), headers: {}, body, ...rest })
const pathsOf = (result: ReturnType<typeof validate>) => (result.ok ? [] : result.issues.map(({ path }) => path))

describe('a request is validated by its contract: it', () => {
  it('decodes strings into plain types, and fills in defaults', () => {
    const result = validateQuery('exact=true&tag=a&tag=b&sort=price&level=2&near=me', {
      headers: { 'x-region': ['eu'], host: ['h'] },
    })
    expect(result).toMatchObject({
      ok: true,
      input: {
        params: { shop: 7 },
        query: { limit: 20, exact: true, tag: ['a', 'b'], sort: 'price', level: 2, near: 'me' },
        headers: { 'x-region': 'eu' },
      },
    })
  })

  it('takes one value for an array, and a number where a union has one', () => {
    expect(validateQuery('tag=a&near=1.5')).toMatchObject({ ok: true, input: { query: { tag: ['a'], near: 1.5 } } })
  })

  it('takes every number that a program in JavaScript writes', () => {
    for (const near of [-31504866234335670000, 2 ** 53, 2 ** 64, 1e21, 5e-324, 0.1]) {
      expect(validateQuery(`near=${encodeURIComponent(near)}`)).toMatchObject({ ok: true, input: { query: { near } } })
    }
  })

  it.each([
    ['limit=ten', 'query.limit'],
    ['limit=', 'query.limit'],
    ['limit=0x10', 'query.limit'],
    ['limit=1&limit=2', 'query.limit'],
    ['limit=101', 'query.limit'],
    ['exact=yes', 'query.exact'],
    ['sort=age', 'query.sort'],
    ['level=3', 'query.level'],
    ['tag=a%00b', 'query.tag'],
    ['unknown=1', 'query.unknown'],
    ['__proto__=1', 'query.__proto__'],
  ])('refuses ?%s at %s', (search, path) => {
    expect(pathsOf(validateQuery(search))).toEqual([path])
  })

  it('refuses unknown keys at every depth, in unions and in what contains itself', () => {
    expect(pathsOf(validateQuery('', { body: { deep: { a: { x: 'x' }, extra: 1 } } }))).toEqual(['body.deep.extra'])
    expect(pathsOf(validateQuery('', { body: { deep: { a: { x: 'x', y: 1 } } } }))).toEqual(['body.deep.a'])
    const tree = { name: 'a', children: [{ name: 'b', extra: 1 }] }
    expect(pathsOf(validateQuery('', { body: { ...body, tree } }))).toEqual(['body.tree.children.0.extra'])
  })

  it('refuses them also after the lazy schema was used for itself', () => {
    const lazy = z.lazy(() => z.object({ n: z.string() }))
    lazy.safeParse({ n: 'a' })
    expect(toInput(lazy).safeParse({ n: 'a', extra: 1 }).success).toBe(false)
  })

  it('reports all issues at once', () => {
    const result = validateQuery('limit=x', { params: { shop: ['x'] }, body: { deep: {} } })
    expect(pathsOf(result).sort()).toEqual(['body.deep.a', 'params.shop', 'query.limit'])
  })

  it('also those beside one that keeps a value from being read', () => {
    const result = validateQuery('sort=name&sort=price&limit=0.5&colour=red')
    expect(pathsOf(result).sort()).toEqual(['query.colour', 'query.limit', 'query.sort'])
  })

  it('reports a missing body', () => {
    expect(pathsOf(validateQuery('', { body: undefined }))).toEqual(['body'])
  })
})

describe('parsePathTemplate', () => {
  it('matches strictly, in its own case, and leaves parameters encoded', () => {
    const pattern = parsePathTemplate('/v1/users/{id}/posts.json')
    expect(pattern.match('/v1/users/a%20b/posts.json')).toEqual({ id: 'a%20b' })
    for (const other of [
      '/v1/users//posts.json',
      '/V1/users/a/posts.json',
      '/v1/users/a/posts.json/',
      '/v1/users/a/postsxjson',
    ]) {
      expect(pattern.match(other)).toBeUndefined()
    }
    expect(pattern.express).toBe('/v1/users/:id/posts.json')
  })
})

it('a response does not grow with the names in it: a path has the beginning of each', () => {
  const contract = endpoint({
    ...{ name: 'long-names', summary: 'A test.', method: 'POST', path: '/v1/long-names' },
    body: z.record(z.string(), z.array(z.string())),
    reply: { status: 204 },
    access: {},
  })
  const raw = { params: {}, query: {}, headers: {} }
  const validate = createValidator(contract)
  const name = 'n'.repeat(500_000)
  const result = validate({ ...raw, body: { [name]: Array.from({ length: 1_000 }, () => 0) } })
  expect(result).toMatchObject({ ok: false, issues: { length: 50 } })
  expect(JSON.stringify(result).length).toBeLessThan(50_000)
})
