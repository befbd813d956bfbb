import { expect, it } from '@jest/globals'
import type { Route } from '../../contract/index.ts'
import { createRouter } from './router.ts'

// The router reads no more of a route than this.
const route = (text: string) =>
  ({ method: text.split(' ')[0], path: text.split(' ')[1], name: text }) as unknown as Route
const find = createRouter(
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
