import type { Subscription } from 'ebb/contract'
import type { identitySigner } from 'ebb/kernel'
import { Agent, type Dispatcher, request } from 'undici'
import type { Delivery } from '../../src/data/deliveries.ts'
import { cloudEventHeaders } from './cloud-event.ts'
import { parseRetryAfter } from './retry-delay.ts'

export interface Answer {
  readonly durationMs: number
  /** Undefined where no answer came; then `error` says why. */
  readonly status?: number
  readonly error?: string
  /** At most its first KiB. */
  readonly body?: string
  readonly revision?: string
  readonly retryAfterMs?: number | undefined
}

/** Posts an event to its subscriber's function. Answers whatever comes of it, and never rejects. */
export type Push = (delivery: Delivery, subscription: Subscription, signal: AbortSignal) => Promise<Answer>

export interface PushOptions {
  /** Where a function answers. */
  readonly urlOf: (name: string) => string
  readonly sign: ReturnType<typeof identitySigner>
  /** What a cold start may take; the answer's headers must be there after this and the subscription's timeout. */
  readonly startTimeoutMs: number
}

const MOST_BODY_BYTES = 1024
/** Beyond the headers' own limit, for connecting and for the body; well under the 10 s by which a lease outlives it. */
const BODY_MS = 5_000
export const RELAY = { sub: 'relay', scopes: [] }

export function createPush({ urlOf, sign, startTimeoutMs }: PushOptions): { push: Push; close(): Promise<void> } {
  const agent = new Agent()
  const push: Push = async (delivery, { timeoutMs }, signal) => {
    const began = performance.now()
    const durationMs = () => Math.round(performance.now() - began)
    const headersTimeout = startTimeoutMs + timeoutMs
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(new Error('the answer took too long')), headersTimeout + BODY_MS)
    try {
      const response = await request(urlOf(delivery.consumer), {
        dispatcher: agent,
        method: 'POST',
        headers: {
          ...cloudEventHeaders(delivery),
          traceparent: delivery.traceparent,
          'x-correlation-id': delivery.correlationId,
          'ebb-identity': await sign(RELAY, delivery.consumer),
          'ebb-timeout-ms': String(timeoutMs),
        },
        body: delivery.data,
        headersTimeout,
        bodyTimeout: BODY_MS,
        signal: AbortSignal.any([signal, limit.signal]),
      })
      return { ...(await readAnswer(response)), durationMs: durationMs() }
    } catch (fault) {
      return { durationMs: durationMs(), error: why(fault) }
    } finally {
      clearTimeout(timer)
    }
  }
  return { push, close: () => agent.destroy() }
}

async function readAnswer({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Omit<Answer, 'durationMs'>> {
  const revision = first(headers['ebb-revision'])
  const text = await readBeginning(body)
  return {
    status: statusCode,
    retryAfterMs: parseRetryAfter(first(headers['retry-after']), first(headers.date)),
    ...(revision === undefined ? {} : { revision }),
    ...(text === '' ? {} : { body: text }),
  }
}

const first = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)

/** The first KiB as text that Postgres can store. A body that breaks off is what came of it: the status decides. */
async function readBeginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= MOST_BODY_BYTES) break
    }
  } catch {}
  const beginning = Buffer.concat(chunks).subarray(0, MOST_BODY_BYTES)
  // As a stream, so that a character which the limit cuts in two is left out; Postgres cannot store U+0000.
  return new TextDecoder().decode(beginning, { stream: true }).replaceAll('\0', '\u{fffd}')
}

/** An AggregateError, from a host with several addresses, has a code but no message. */
function why(fault: unknown): string {
  // undici and node:net throw nothing but errors.
  const { message, code, name } = fault as NodeJS.ErrnoException
  return message || code || name
}
