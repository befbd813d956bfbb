import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Problem } from '../../../contract/index.ts'
import { parseQuery } from '../../query.ts'
import { toolContracts } from './test-support.ts'
import { toToolRequest } from './to-request.ts'

const [route] = toolContracts.routes.filter(({ name }) => name === 'get-thing')
if (!route) throw new Error('get-thing is gone')

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('.', '..', 'a/b', 'a\\b', '%2f', 'a?b#c'),
)

it('writes arguments so that HTTP reads the same ones, or refuses them', () => {
  fc.assert(
    fc.property(text, fc.array(text), (id, tags) => {
      const request = toToolRequest(route, { params: { id }, query: { tags }, headers: { 'x-tone': id } })
      if (request instanceof Problem) return expect([400, 431]).toContain(request.status)
      const { pathname, search } = new URL(request.path + request.query, 'http://localhost')
      // A URL makes dots of its own, and two parsers may differ: this one has nothing to change.
      expect(pathname + search).toBe(request.path + request.query)
      expect(request.path).toMatch(/^\/v1\/things\/[^/?#\\\s]+$/)
      expect(request.path).not.toMatch(/%2f|%5c|%[01]|%7f/i)
      expect(decodeURIComponent(request.path.slice('/v1/things/'.length))).toBe(id)
      expect(parseQuery(request.query).tags ?? []).toEqual(tags.map((tag) => tag.toWellFormed()))
      expect(request.headers['x-tone']?.join()).not.toMatch(/[\r\n\0]/)
    }),
  )
})
