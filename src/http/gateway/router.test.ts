import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Route } from '../../contract/index.ts'
import { createRouter } from './router.ts'

// The router reads no more of a route than this.
const route = (text: string) =>
  ({ method: text.split(' ')[0], path: text.split(' ')[1], name: text }) as unknown as Route
const { find } = createRouter(
  ['GET /a/{x}/c', 'GET /a/b/{y}', 'DELETE /a/{x}/{y}', 'GET /a/{x}', 'GET /a/me', 'POST /a/me', 'PUT /a/{x}'].map(
    route,
  ),
)

it.each([
  ['GET', '/a/me', 'GET /a/me', {}],
  ['GET', '/a/you', 'GET /a/{x}', { x: 'you' }],
  ['HEAD', '/a/you', 'GET /a/{x}', { x: 'you' }],
  ['GET', '/a/b/c', 'GET /a/b/{y}', { y: 'c' }],
  ['GET', '/a/z/c', 'GET /a/{x}/c', { x: 'z' }],
  ['DELETE', '/a/b/c', 'DELETE /a/{x}/{y}', { x: 'b', y: 'c' }],
  ['PUT', '/a/me', 'PUT /a/{x}', { x: 'me' }],
])('%s %s is %s', (method, path, name, params) => {
  expect(find(method, path)).toEqual({ route: expect.objectContaining({ name }), params })
})

it.each([
  ['PATCH', '/a/me', ['GET', 'HEAD', 'POST', 'PUT']],
  ['POST', '/a/b/c', ['DELETE', 'GET', 'HEAD']],
  ['GET', '/a', []],
  ['GET', '/a/', []],
  ['GET', '/A/me', []],
  ['GET', '/a/me/', []],
])('%s %s is refused, allowing %j', (method, path, allow) => {
  expect(find(method, path)).toMatchObject({ allow })
})

describe('with proxies', () => {
  const proxied = (path: string, methods: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS']) =>
    ({ method: '*', path, name: path, upstream: { methods } }) as unknown as Route
  const { find, at } = createRouter([
    ...['/*', '/a/*', '/a/b/*', '/{x}/*'].map((path) => proxied(path)),
    ...[proxied('/a/me', ['PUT']), proxied('/a/b/c/{id}', ['GET'])],
    ...['GET /a/{x}', 'GET /a/b/c', 'GET /v1/{x}'].map(route),
  ])

  it.each([
    ['GET', '/', '/*'],
    ['GET', '/a', '/a/*'],
    ['GET', '/a/', '/a/*'],
    ['GET', '/a/x', 'GET /a/{x}'],
    ['HEAD', '/a/x', 'GET /a/{x}'],
    ['POST', '/a/x', '/a/*'],
    ['PUT', '/a/me', '/a/me'],
    ['GET', '/a/b', '/a/b/*'],
    ['POST', '/a/b', '/a/b/*'],
    ['GET', '/a/b/c', 'GET /a/b/c'],
    ['GET', '/a/b/c/7', '/a/b/c/{id}'],
    ['OPTIONS', '/a/b/c/7', '/a/b/*'],
    ['GET', '/a/b/d', '/a/b/*'],
    ['GET', '/ab', '/{x}/*'],
    ['GET', '/v1/x/y', '/{x}/*'],
  ])('%s %s goes to %s, the closest that takes it', (method, path, name) => {
    expect(find(method, path)).toMatchObject({ route: { name } })
  })

  it('405 lists the methods of all of them', () => {
    expect(find('DELETE', '/a/me')).toEqual({ allow: ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'] })
    expect(at('/a/b/c').map(({ name }) => name)).toEqual(['GET /a/b/c', '/a/b/*', '/a/*', '/{x}/*', '/*'])
  })
})

it('finds what a search through all routes in the order of their ranks would', () => {
  const segment = fc.constantFrom('a', 'b', '{x}')
  const path = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
    // A parameter has one name at a place, and another at the next.
    .map(([segments, isWildcard]) => [
      ...segments.map((text, i) => (text === '{x}' ? `{x${i}}` : text)),
      ...(isWildcard ? ['*'] : []),
    ])
  const rankOf = (segments: readonly string[]) =>
    segments.map((text) => (text === '*' ? 2 : text.startsWith('{') ? 1 : 0)).join('')
  const patternOf = (segments: readonly string[]) =>
    new RegExp(
      `^${segments.map((text) => (text === '*' ? '(/.*)?' : text.startsWith('{') ? '/[^/]+' : `/${text}`)).join('')}$`,
    )
  const paths = fc.array(path, { maxLength: 8 })
  const asked = fc.array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(paths, asked, (all, segments) => {
      const distinct = [
        ...new Map(all.map((one) => [one.map((text) => text.replace(/\d/, '')).join('/'), one])).values(),
      ]
      const routes = distinct.map((one) => {
        const name = `/${one.join('/')}`
        return (one.at(-1) === '*'
          ? { name, method: '*', path: name, upstream: { methods: ['GET'] } }
          : { name, method: 'GET', path: name }) as unknown as Route
      })
      const requested = `/${segments.join('/')}`
      const expected = distinct
        .toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))
        .filter((one) => patternOf(one).test(requested))
        .map((one) => `/${one.join('/')}`)
      expect(
        createRouter(routes)
          .at(requested)
          .map(({ name }) => name),
      ).toEqual(expected)
    }),
  )
})
