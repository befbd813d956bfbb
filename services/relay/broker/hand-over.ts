import { type Config, type Log, liveSetting } from 'ebb/kernel'
import { parseRetryAfter } from 'ebb/protocol'
import { continueTrace } from 'ebb/telemetry'
import { Agent } from 'undici'
import type { Delivery } from '../../../src/data/queue/deliveries.ts'
import type { CallOutcome } from '../call-function.ts'
import { writeEventHeaders } from '../event-headers.ts'
import { readExcerpt } from '../read-response.ts'
import { readHeaders } from './broker-settings.ts'
import { type EventProofs, PROOF } from './event-proof.ts'

/** Until the whole response has arrived. */
export const HAND_OVER_MS = 30_000

interface Sent {
  /** JSON text. */
  readonly data: string | Uint8Array
  readonly signal: AbortSignal
}

export interface HandOver {
  /** Hands an event to the broker. Resolves to whatever comes of it, and never rejects. */
  send(delivery: Delivery, sent: Sent): Promise<CallOutcome>
  close(): Promise<void>
}

export interface HandOverOptions {
  readonly url: string
  readonly proofs: Pick<EventProofs, 'sign'>
  readonly log: Pick<Log, 'info' | 'warn'>
}

/**
 * Opens the one way in which the relay hands events to a broker: as CloudEvents in binary mode, with a proof, and never with an
 * Ebb-Identity, which is for functions. A redirect is not followed.
 */
export function openHandOver(
  config: Pick<Config, 'EBB_BROKER_TOKEN' | 'EBB_BROKER_HEADERS'>,
  { url, proofs, log }: HandOverOptions,
): HandOver {
  const { origin, pathname, search } = new URL(url)
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const token = liveSetting(config, 'EBB_BROKER_TOKEN', log)
  const further = liveSetting(config, 'EBB_BROKER_HEADERS', log)
  further.onChange((headers) => void readHeaders(headers ?? {}))

  const request = async (delivery: Delivery, { data, signal }: Sent) => {
    const { correlationId, traceparent } = delivery
    const bearer = token.current()
    const headers = {
      ...writeEventHeaders(delivery, { [PROOF]: await proofs.sign(delivery, Buffer.from(data).toString()) }),
      ...{ 'x-correlation-id': correlationId, 'user-agent': 'ebb' },
      ...readHeaders(further.current() ?? {}),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    }
    const response = await continueTrace(traceparent, (trace) =>
      agent.request({
        ...{ origin, path: pathname + search, method: 'POST', body: data, signal },
        headers: { ...headers, ...trace },
      }),
    )
    const { statusCode: status, headers: received } = response
    const retryAfterMs = parseRetryAfter(textOf(received['retry-after']), textOf(received.date))
    const { body } = await readExcerpt(response)
    return { status, retryAfterMs, ...(body === undefined ? {} : { body }) }
  }

  return {
    async send(delivery, { data, signal }) {
      const startedAt = performance.now()
      const durationMs = () => Math.round(performance.now() - startedAt)
      const limit = new AbortController()
      const timer = setTimeout(() => limit.abort(new Error('the broker did not answer in time')), HAND_OVER_MS)
      try {
        const outcome = await request(delivery, { data, signal: AbortSignal.any([signal, limit.signal]) })
        return { ...outcome, durationMs: durationMs() }
      } catch (error) {
        // undici, node:net and jose throw nothing but errors; one from a host with several addresses has a code alone.
        const { message, code, name } = error as NodeJS.ErrnoException
        return { durationMs: durationMs(), error: message || code || name }
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => agent.destroy(),
  }
}

const textOf = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)
