import { deepEqual, equal, match } from 'node:assert/strict'
import { assertProblem, assertStatus } from '../assertions.ts'
import type { Send } from '../client.ts'
import { CONFORMANCE_CONTRACTS } from '../conformance-contracts.ts'
import type { Case } from '../session.ts'

interface ApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

/** Operators' paths, and what a guess would try. */
const UNROUTED_PATHS = [
  ...['/metrics', '/v1/audit', '/v1/events', '/v1/functions', '/_/functions', '/_/', '/_', '/_/ready/'],
  ...['/.env', '/docs/../_/ready'],
]
const ANY_ID = 'conformance'
const OTHERS = ['PATCH', 'PUT', 'DELETE']

export const documents: readonly Case[] = [
  {
    name: 'documents: /openapi.json is the document, in OpenAPI 3.1, for everybody',
    run: async ({ send }) => {
      const answer = await send({ path: '/openapi.json' })
      assertStatus(answer, 200)
      match(String(answer.headers['content-type']), /^application\/json/)
      const { openapi, components } = answer.json<ApiDocument>()
      match(openapi, /^3\.1\./)
      equal(typeof components.schemas.Problem, 'object')
    },
  },
  {
    name: 'documents: /asyncapi.json is the document of the events, in AsyncAPI 3, for everybody',
    run: async ({ send }) => {
      const answer = await send({ path: '/asyncapi.json' })
      assertStatus(answer, 200)
      match(String(answer.headers['content-type']), /^application\/json/)
      match(answer.json<{ readonly asyncapi: string }>().asyncapi, /^3\./)
    },
  },
  {
    name: 'documents: every operation of the document is there, and every path refuses what is not in it',
    run: async ({ send }) => {
      const { paths } = await readDocument(send)
      const missing: string[] = []
      for (const [template, operations] of Object.entries(paths)) {
        const path = template.replaceAll(/\{\w+\}/g, ANY_ID)
        const methods = Object.keys(operations).map((method) => method.toUpperCase())
        for (const method of methods) {
          // With a name that no query has: nothing is done, whatever it is and whoever may.
          const { status, text } = await send({ method, path: `${path}?conformance-unknown=1` })
          if (status === 405 || text.includes('"not_found"') || status >= 500) missing.push(`${method} ${template}`)
        }
        const other = OTHERS.find((method) => !methods.includes(method))
        if (!other) continue
        const answer = await send({ method: other, path })
        assertProblem(answer, 405, 'method_not_allowed')
        const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
        equal(answer.headers.allow, allowed.sort().join(', '), template)
      }
      deepEqual(missing, [])
    },
  },
  {
    name: 'reserved: health and readiness are public, and can only be read',
    run: async ({ send }) => {
      for (const path of ['/_/health', '/_/ready']) {
        const answer = await send({ path })
        assertStatus(answer, 200)
        deepEqual(answer.json(), { status: 'ok' })
        const posted = await send({ method: 'POST', path })
        assertProblem(posted, 405, 'method_not_allowed')
        equal(posted.headers.allow, 'GET, HEAD')
      }
    },
  },
  {
    name: 'reserved: metrics, operators’ paths and functions by their names are not to be reached',
    run: async ({ send, target: { contracts = {} } }) => {
      const all = [...CONFORMANCE_CONTRACTS, ...Object.values(contracts)]
      const byName = all.flatMap(({ name }) => [`/${name}`, `/function/${name}`])
      for (const path of [...UNROUTED_PATHS, ...byName]) {
        const answer = await send({ path })
        if (path.includes('..')) assertProblem(answer, 400, 'bad_request')
        else assertProblem(answer, 404, 'not_found')
      }
      const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 'x', 'ce-type': 'conformance.written' }
      for (const path of ['/', '/conformance-note']) {
        assertProblem(await send({ method: 'POST', path, headers, json: {} }), 404, 'not_found')
      }
    },
  },
  {
    name: 'documents: /docs loads nothing from elsewhere and cannot be framed',
    run: async ({ send }) => {
      const answer = await send({ path: '/docs' })
      // Where its files are not installed, there is none.
      if (answer.status === 404) return void assertProblem(answer, 404, 'not_found')
      assertStatus(answer, 200)
      match(String(answer.headers['content-security-policy']), /^default-src 'none'.*frame-ancestors 'none'/)
      deepEqual(
        ['x-content-type-options', 'referrer-policy', 'cache-control'].map((name) => answer.headers[name]),
        ['nosniff', 'no-referrer', 'no-store'],
      )
    },
  },
]

async function readDocument(send: Send): Promise<ApiDocument> {
  const answer = await send({ path: '/openapi.json' })
  assertStatus(answer, 200)
  return answer.json<ApiDocument>()
}
