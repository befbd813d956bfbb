import { equal, match, notEqual } from 'node:assert/strict'
import { assertIssues, assertProblem } from '../assertions.ts'
import type { ConformanceRequest } from '../client.ts'
import { BATCHES, ENTRIES, holdOf, newBatch, newKey, writeEntry } from '../entries.ts'
import type { Case, Session } from '../session.ts'
import { assertMade, newWrite } from '../writes.ts'

const GOOD = { batch: 'CONFORMANCE', quantity: 1, email: 'conformance@example.com' }
const MAX_BYTES = 1024 * 1024

/** Sends something in place of an entry. */
async function write({ caller }: Session, sent: Omit<ConformanceRequest, 'path'>) {
  const headers = { 'idempotency-key': newKey(), ...sent.headers }
  return (await caller()).send({ method: 'POST', path: ENTRIES, ...sent, headers })
}

/** Sends something in place of the body of what an endpoint takes. */
async function replaceBody(session: Session, replaced: Pick<ConformanceRequest, 'headers' | 'body'>) {
  const { json: _, ...sent } = newWrite(session).sent
  const headers = { ...sent.headers, 'idempotency-key': newKey(), ...replaced.headers }
  return (await session.caller()).send({ ...sent, ...replaced, headers })
}
const JSON_TYPE = { 'content-type': 'application/json' }

export const errors: readonly Case[] = [
  {
    name: 'errors: 404 for a path that is none, in the case and with the slash that it has',
    run: async ({ send, endpoints }) => {
      const given = endpoints.map(({ request: { path } }) => path.split('?')[0] ?? path).filter((path) => path !== '/')
      const near = given.flatMap((path) => [`${path}/`, `${path}/a/b/c/d/e/f/g`])
      for (const path of ['/', '/v1/nothing-is-here', ...near]) {
        // The path of one may be the beginning of another's.
        if (given.includes(path)) continue
        assertProblem(await send({ path }), 404, 'not_found')
      }
    },
  },
  {
    name: 'errors: 405 names in Allow what the path takes',
    needsFunctions: true,
    run: async ({ send }) => {
      const took = { [ENTRIES]: 'POST', [BATCHES]: 'GET, HEAD, POST', [`${BATCHES}/ANY`]: 'GET, HEAD' }
      for (const [path, allow] of Object.entries(took)) {
        const answer = await send({ method: 'DELETE', path })
        assertProblem(answer, 405, 'method_not_allowed')
        equal(answer.headers.allow, allow)
      }
      for (const path of [ENTRIES, BATCHES]) {
        assertProblem(await send({ path: path.replace('/v1', '/V1') }), 404, 'not_found')
      }
    },
  },
  {
    name: 'errors: 400 for a body that is no JSON, or that two readers could understand differently',
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const email = '"email":"conformance@example.com"'
      const bodies = {
        '{"batch":': 'body',
        '': 'body',
        [`{"batch":"A","batch":"B","quantity":1,${email}}`]: 'body.batch',
        [`{"batch":"A","quantity":1,${email},"__proto__":{}}`]: 'body.__proto__',
        [`{"batch":"A\\u0000","quantity":1,${email}}`]: 'body.batch',
      }
      for (const [body, path] of Object.entries(bodies)) {
        assertIssues(await write(session, { headers: JSON_TYPE, body }), path)
      }
      const deep = `${'['.repeat(40)}${']'.repeat(40)}`
      assertProblem(await write(session, { headers: JSON_TYPE, body: deep }), 400, 'invalid_request')
      const latin = Buffer.from('{"batch":"caf\xe9"}', 'latin1')
      assertIssues(await write(session, { headers: JSON_TYPE, body: latin }), 'body')
    },
  },
  {
    name: 'errors: 400 names every issue of a body by its path, unknown names at any depth too',
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const bad = { batch: 'lower-case', quantity: 1.5, colour: 'red' }
      assertIssues(await write(session, { json: bad }), 'body.batch', 'body.quantity', 'body.email', 'body.colour')
      const json = { ...holdOf(newBatch()), price: { amount: -1, currency: 'EUR', tax: 0 } }
      const answer = await (await session.caller()).send({
        ...{ method: 'POST', path: BATCHES, json, headers: { 'idempotency-key': newKey() } },
      })
      assertIssues(answer, 'body.price.amount', 'body.price.tax')
    },
  },
  {
    name: 'errors: 400 names the issues of path, query and headers as those of the body, all at once',
    needs: ['key'],
    needsFunctions: true,
    run: async ({ send, caller }) => {
      const me = await caller()
      assertIssues(await me.send({ path: `${ENTRIES}/no-entry` }), 'params.id')
      const query = 'limit=0&maxPrice=cheap&inStock=maybe&sort=luck&colour=red'
      const parts = ['query.limit', 'query.maxPrice', 'query.inStock', 'query.sort', 'query.colour']
      assertIssues(await send({ path: `${BATCHES}?${query}` }), ...parts)
      assertIssues(await send({ path: `${BATCHES}?sort=name&sort=price` }), 'query.sort')
      const sent = { method: 'POST', path: `${ENTRIES}?colour=red`, json: { ...GOOD, quantity: 0 } }
      assertIssues(await me.send(sent), 'headers.idempotency-key', 'query.colour', 'body.quantity')
    },
  },
  {
    name: 'errors: 415 for a body of another type, charset or coding',
    needs: ['key'],
    run: async (session) => {
      const types = [{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/json; charset=latin1' }]
      const { subject, sent } = newWrite(session)
      const body = JSON.stringify(sent.json)
      for (const headers of [...types, { ...JSON_TYPE, 'content-encoding': 'gzip' }]) {
        const answer = await replaceBody(session, { headers, body })
        assertProblem(answer, 415, 'unsupported_media_type')
      }
      const headers = { 'content-type': 'Application/JSON; charset="UTF-8"' }
      const answer = await replaceBody(session, { headers, body })
      notEqual(answer.status, 415)
      assertMade(answer, subject)
    },
  },
  {
    name: 'errors: 413 for a body beyond 1 MiB, by its declared and by its real length',
    needs: ['key'],
    run: async (session) => {
      const body = `"${'x'.repeat(MAX_BYTES)}"`
      assertProblem(await replaceBody(session, { headers: JSON_TYPE, body }), 413, 'payload_too_large')
      const headers = { ...JSON_TYPE, 'transfer-encoding': 'chunked' }
      assertProblem(await replaceBody(session, { headers, body }), 413, 'payload_too_large')
    },
  },
  {
    name: 'errors: 431 for headers beyond 16 KiB',
    run: async ({ send, endpoints }) => {
      const { path } = endpoints[0]?.request ?? { path: '/v1/conformance' }
      const answer = await send({ path, headers: { 'x-long': 'x'.repeat(17 * 1024) } })
      assertProblem(answer, 431, 'headers_too_large')
    },
  },
  {
    name: 'errors: a failure that the contract declares has its code and status',
    needs: ['key'],
    needsFunctions: true,
    run: async ({ send, caller }) => {
      const me = await caller()
      const full = newBatch('FULL')
      assertProblem(await send({ path: `${BATCHES}/${newBatch('NONE')}` }), 404, 'batch_not_found')
      assertProblem(await send({ path: `${BATCHES}?cursor=none` }), 400, 'invalid_cursor')
      assertProblem(await writeEntry(me, newBatch('NONE')), 404, 'batch_not_found')
      match(assertProblem(await writeEntry(me, full), 409, 'batch_full').message, new RegExp(full))
      const held = { method: 'POST', path: BATCHES, json: holdOf(full) }
      assertProblem(await me.send({ ...held, headers: { 'idempotency-key': newKey() } }), 409, 'batch_full')
    },
  },
]
