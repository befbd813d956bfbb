import type { IncomingMessage, RequestListener } from 'node:http'
import { Problem } from 'ebb/contract'
import type { Log } from 'ebb/kernel'
import { contentModeOf, type ReceivedCloudEvent, readAtMost, readBinary, readStructured } from 'ebb/protocol'
import { MAX_RECEIVED_BYTES } from '../../../src/http/middleware/receive-event.ts'
import { sendProblem } from '../send-problem.ts'
import type { Answer } from './bring-event.ts'
import type { BrokerCheck } from './identify-broker.ts'

type Take = (consumer: string, event: ReceivedCloudEvent) => Promise<Answer>

export interface BrokerListenerOptions {
  readonly check: BrokerCheck['check']
  readonly bringEvent: Take
  readonly takeDeadLetter: Take
  readonly log: Log
}

const PATH = /^\/_\/(events|dead-letters)\/([a-z][a-z0-9-]{0,39})$/
/** Their bodies are in memory, and each is a call. */
const MAX_IN_FLIGHT = 500

/**
 * What a broker calls: `POST /_/events/NAME` brings an event to a subscriber, and is answered when that has; `POST
 * /_/dead-letters/NAME` is for what it gives up. In binary or structured mode, one event in each request.
 */
export function createBrokerListener({ check, log, ...takes }: BrokerListenerOptions): RequestListener {
  let inFlight = 0
  const respond = async (request: IncomingMessage): Promise<Answer> => {
    const [, kind, name = ''] = PATH.exec(request.url ?? '') ?? []
    if (!kind) throw new Problem('not_found', 404, 'There is nothing at this path.')
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow: 'POST' } }
    if (request.method !== 'POST') throw NOT_ALLOWED
    await check(request.headers.authorization)
    const event = await readEvent(request)
    return kind === 'events' ? takes.bringEvent(name, event) : takes.takeDeadLetter(name, event)
  }
  return function broker(request, response) {
    if (inFlight >= MAX_IN_FLIGHT) return sendProblem(TOO_MANY, { request, response, log })
    inFlight++
    respond(request)
      .then(
        ({ status, headers = {}, body }) =>
          response
            .writeHead(status, { ...headers, ...(body ? { 'content-type': 'text/plain; charset=utf-8' } : {}) })
            .end(body),
        (error: unknown) => sendProblem(error, { request, response, log }),
      )
      .finally(() => inFlight--)
  }
}

const NOT_ALLOWED = new Problem('method_not_allowed', 405, 'Send events with POST.', {
  headers: { allow: 'POST, OPTIONS' },
})
const TOO_MANY = new Problem('unavailable', 503, 'This relay brings as many events as it can; send it again.', {
  retryAfterSeconds: 1,
})

async function readEvent(request: IncomingMessage): Promise<ReceivedCloudEvent> {
  const mode = contentModeOf(request.headers['content-type'])
  const { bytes, isWhole, error } = await readAtMost(request, MAX_RECEIVED_BYTES)
  if (error) throw new Problem('bad_request', 400, 'The request broke off.', { cause: error })
  if (!isWhole) throw new Problem('payload_too_large', 413, `An event has at most ${MAX_RECEIVED_BYTES} bytes here.`)
  if (mode === 'binary') return readBinary(request.headers, bytes)
  if (mode === 'structured') return readStructured(parse(bytes))
  throw new Problem('unsupported_media_type', 415, 'Send one event in each request.')
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw new Problem('invalid_request', 400, 'The event is not JSON.', { cause })
  }
}
