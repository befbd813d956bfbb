import { equal, match, ok } from 'node:assert/strict'
import { assertIssues, assertProblem, assertStatus } from '../assertions.ts'
import type { ConformanceRequest, ConformanceResponse } from '../client.ts'
import { eventsAbout, newBatch } from '../entries.ts'
import type { Case, Session } from '../session.ts'
import { NothingToRunOn } from '../subjects.ts'

const UPLOADS = '/v1/conformance/uploads'
const EVENTS = '/v1/conformance/events'
/** What the contract of the uploads takes. */
const MAX_BYTES = 1_000_000

const upload = (body: Uint8Array | string, headers: ConformanceRequest['headers'] = {}): ConformanceRequest => ({
  ...{ method: 'POST', path: UPLOADS, body },
  headers: { 'content-type': 'application/octet-stream', ...headers },
})

const ingest = (body: string, headers: ConformanceRequest['headers'] = {}): ConformanceRequest => ({
  ...{ method: 'POST', path: '/v1/conformance/lines', body },
  headers: { 'content-type': 'application/x-ndjson', ...headers },
})
/** Until then all that is sent has arrived. */
const CUT_AFTER_MS = 500

export const streams: readonly Case[] = [
  {
    name: 'streams: a body of any type of the contract reaches its function byte for byte, however it is framed',
    needsFunctions: true,
    run: async (session) => {
      const body = new Uint8Array(MAX_BYTES)
      for (const headers of [{}, { 'transfer-encoding': 'chunked', 'content-type': 'Text/CSV; charset=utf-8' }]) {
        const answer = await sendStream(session, upload(body, headers))
        assertStatus(answer, 200)
        equal(answer.json<{ bytes: number }>().bytes, MAX_BYTES)
      }
    },
  },
  {
    name: 'streams: 415 for another media type, 413 for more bytes than the contract allows, announced or not',
    needsFunctions: true,
    run: async (session) => {
      assertProblem(
        await sendStream(session, upload('x', { 'content-type': 'image/png' })),
        415,
        'unsupported_media_type',
      )
      const large = new Uint8Array(MAX_BYTES + 1)
      for (const headers of [{}, { 'transfer-encoding': 'chunked' }])
        assertProblem(await sendStream(session, upload(large, headers)), 413, 'payload_too_large')
    },
  },
  {
    name: 'streams: events go on after the Last-Event-ID, and end with a 204',
    needsFunctions: true,
    run: async (session) => {
      const get = (headers = {}) => sendStream(session, { path: EVENTS, headers })
      const answer = await get({ 'last-event-id': '1' })
      assertStatus(answer, 200)
      equal(answer.headers['content-type'], 'text/event-stream')
      match(String(answer.headers['cache-control']), /no-store/)
      assertStatus(await get({ 'last-event-id': '3' }), 204)
      ok((await get()).headers['x-correlation-id'], 'it has no correlation id')
    },
  },
  {
    name: 'streams: lines take effect together, and none of them where one does not fit or the body is cut',
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const caller = await session.caller()
      const [whole, wrong, cut] = [newBatch(), newBatch(), newBatch()]
      const answer = await sendStream(caller, ingest(linesOf(whole)))
      assertStatus(answer, 200)
      equal(answer.json<{ lines: number }>().lines, 3)
      assertIssues(await sendStream(caller, ingest(linesOf(wrong, 0))), 'body.3.quantity')
      // More is announced than comes.
      const hangUp = new AbortController()
      const length = { 'content-length': String(linesOf(cut).length + 1) }
      const sent = caller.send({ ...ingest(linesOf(cut), length), signal: hangUp.signal })
      setTimeout(() => hangUp.abort(), CUT_AFTER_MS)
      await sent.then(
        ({ status }) => ok(status >= 400, `a body that is cut was answered ${status}`),
        () => {},
      )
      for (const [batch, count] of [[whole, 3] as const, [wrong, 0] as const, [cut, 0] as const])
        await assertIngested(session, batch, count)
    },
  },
]

/** Lines of a batch, the last of which has this quantity. */
const linesOf = (batch: string, last: unknown = 1) =>
  [1, 1, last].map((quantity) => `${JSON.stringify({ batch, quantity })}\n`).join('')

async function assertIngested(session: Session, batch: string, count: number) {
  if (!session.target.admin) return
  const found = await eventsAbout(session, 'conformance.ingested', batch)
  equal(found.length, count, `${found.length} lines had an effect instead of ${count}`)
}

async function sendStream({ send }: Pick<Session, 'send'>, request: ConformanceRequest): Promise<ConformanceResponse> {
  const answer = await send(request)
  // OpenFaaS CE has no room for them.
  if (answer.status === 503 && answer.text.includes('cannot be reached'))
    throw new NothingToRunOn('the conformance functions for streams do not run there')
  return answer
}
