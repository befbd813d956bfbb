import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { usualReply } from '../../contract/index.ts'
import { assertIssues, assertStatus } from '../assertions.ts'
import type { ConformanceRequest, ConformanceResponse } from '../client.ts'
import { BATCHES, ENTRIES, type Entry, newBatch } from '../entries.ts'
import type { Case, Session } from '../session.ts'
import { assertMade, make, newWrite } from '../writes.ts'

/** Headers between the platform's own parts; `ce-` is how events travel. */
const INNER =
  /^(ebb-(?!position$)|ce-|k-|knative-|x-envoy-|x-keda-|x-powered-by$|x-openfaas-|x-call-id$|x-duration-seconds$)/

export const headers: readonly Case[] = [
  {
    name: 'headers: a well-formed X-Correlation-Id comes back with every answer',
    run: async (session) => {
      const id = `conformance.${randomUUID()}`
      for (const answer of await fromEverywhere(session, { 'x-correlation-id': id })) {
        equal(answer.headers['x-correlation-id'], id)
        if (answer.status >= 400) equal(answer.json<{ correlationId: string }>().correlationId, id)
      }
    },
  },
  {
    name: 'headers: an X-Correlation-Id that is ill-formed is replaced',
    run: async (session) => {
      for (const id of ['short', 'has a space', 'x'.repeat(129), 'comma,comma', '<script>alert(1)']) {
        for (const answer of await fromEverywhere(session, { 'x-correlation-id': id })) {
          notEqual(answer.headers['x-correlation-id'], id)
          match(String(answer.headers['x-correlation-id']), /^[\w.:-]{8,128}$/)
        }
      }
    },
  },
  {
    name: 'headers: an X-Correlation-Id that is missing is made, another one for each request',
    run: async (session) => {
      const answers = [...(await fromEverywhere(session)), ...(await fromEverywhere(session))]
      const ids = answers.map(({ headers }) => String(headers['x-correlation-id']))
      for (const id of ids) match(id, /^[\w.:-]{8,128}$/)
      equal(new Set(ids).size, ids.length, 'two answers have the same one')
    },
  },
  {
    name: 'headers: no answer shows what is inside',
    needs: ['key'],
    run: async (session) => {
      const { subject, sent } = newWrite(session)
      const written = await make(await session.caller(), sent)
      assertMade(written, subject)
      for (const { headers } of [written, ...(await fromEverywhere(session))]) {
        deepEqual(
          Object.keys(headers).filter((name) => INNER.test(name)),
          [],
        )
      }
    },
  },
  {
    name: 'headers: what only the platform may send has no effect when a client sends it',
    needs: ['key'],
    run: async (session) => {
      const me = await session.caller()
      const forged = {
        ...{
          'ebb-identity': 'eyJhbGciOiJub25lIn0.e30.',
          'ebb-timeout-ms': '1',
          'ce-id': '1',
          'ce-type': 'conformance.written',
        },
        ...{ 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1', 'x-forwarded-host': 'example.net' },
        ...{ 'k-original-host': 'example.net', 'x-envoy-upstream-rq-timeout-ms': '1' },
      }
      const { subject, sent } = newWrite(session)
      const written = await make(me, sent, { headers: forged })
      assertMade(written, subject)
      if (!subject.isConformance) return
      // It belongs to whose key it was.
      assertStatus(await me.send({ path: `${ENTRIES}/${written.json<Entry>().id}`, headers: forged }), 200)
    },
  },
  {
    name: 'headers: what Connection names is for the next hop only',
    needs: ['key'],
    run: async (session) => {
      const headers = { connection: 'keep-alive, idempotency-key' }
      const answer = await make(await session.caller(), newWrite(session).sent, { headers })
      assertIssues(answer, 'headers.idempotency-key')
    },
  },
  {
    name: 'headers: success is application/json, and HEAD is GET without a body',
    run: async ({ send, on, hasFunctions }) => {
      const { request, contract } = on('read')
      const [got, head] = [await send(request), await send({ ...request, method: 'HEAD' })]
      for (const answer of [got, head]) {
        assertStatus(answer, usualReply(contract).status)
        if (usualReply(contract).body) match(String(answer.headers['content-type']), /^application\/json(;|$)/)
      }
      equal(head.text, '')
      if (!hasFunctions) return
      assertStatus(await send({ method: 'HEAD', path: `${BATCHES}/${newBatch('NONE')}` }), 404)
    },
  },
  {
    name: 'headers: a version that the caller has is a 304, and one that is not there any more a 412',
    run: async ({ send, on }) => {
      const { request, isConformance } = on('versioned')
      const ask = (headers: Readonly<Record<string, string>>) =>
        send({ ...request, headers: { ...request.headers, ...headers } })
      const { status, headers } = await ask({})
      // The example of a project's own may be of a thing that is not there.
      if (status !== 200 && !isConformance) return
      equal(status, 200)
      const etag = String(headers.etag)
      match(etag, /^"[^"]+"$/)
      for (const known of [etag, `W/${etag}`, `"another", ${etag}`, '*']) {
        const answer = await ask({ 'if-none-match': known })
        deepEqual([answer.status, answer.headers.etag, answer.text], [304, etag, ''])
      }
      assertStatus(await ask({ 'if-none-match': '"another"' }), 200)
      assertStatus(await ask({ 'if-match': '"another"' }), 412)
    },
  },
  {
    name: 'headers: a page of a strange origin may not read, unless every page may',
    run: async ({ send, on }) => {
      const headers = { origin: 'https://conformance.invalid' }
      const { request, isConformance } = on('read')
      const read = await send({ ...request, headers: { ...request.headers, ...headers } })
      const allowed = read.headers['access-control-allow-origin']
      if (allowed === '*') return
      equal(allowed, undefined)
      equal(read.headers['access-control-allow-credentials'], undefined)
      const asked = { ...headers, 'access-control-request-method': isConformance ? 'POST' : 'GET' }
      const preflight = await send({ ...request, method: 'OPTIONS', headers: asked })
      match(String(preflight.status), /^40[35]$/)
      equal(preflight.headers['access-control-allow-methods'], undefined)
    },
  },
]

/** An answer and a refusal of what stands before functions, and of a function where one can be asked for them. */
async function fromEverywhere({ send, find, hasFunctions }: Session, headers = {}) {
  const expected: (readonly [ConformanceRequest, number])[] = [
    [{ path: '/_/health' }, 200],
    [{ path: '/v1/nothing-is-here' }, 404],
  ]
  const read = find('read')
  if (read) expected.push([read.request, usualReply(read.contract).status])
  if (hasFunctions) expected.push([{ path: `${BATCHES}/${newBatch('NONE')}` }, 404])
  const answers: ConformanceResponse[] = []
  for (const [sent, status] of expected) {
    const answer = await send({ ...sent, headers: { ...sent.headers, ...headers } })
    assertStatus(answer, status)
    answers.push(answer)
  }
  return answers
}
