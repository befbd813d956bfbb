import { equal, match, ok } from 'node:assert/strict'
import { assertProblem, assertStatus } from '../assertions.ts'
import type { ConformanceRequest, ConformanceResponse } from '../client.ts'
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
]

async function sendStream({ send }: Session, request: ConformanceRequest): Promise<ConformanceResponse> {
  const answer = await send(request)
  // OpenFaaS CE has no room for them.
  if (answer.status === 503 && answer.text.includes('cannot be reached'))
    throw new NothingToRunOn('the conformance functions for streams do not run there')
  return answer
}
