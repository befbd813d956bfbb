import type { Dispatcher } from 'undici'
import { Problem } from '../../contract/index.ts'
import type { Log } from '../../kernel/index.ts'
import { type BrokenCall, unreachable } from './broken-call.ts'
import type { Exchange } from './exchange.ts'
import { toClient } from './headers.ts'

export interface CallOptions {
  readonly dispatcher: Dispatcher
  /** Until the headers of the answer are there. */
  readonly waitMs: number
  /** How long the caller may leave the answer untouched. */
  readonly stallTimeoutMs: number
  readonly log: Log
}

/**
 * Sends one request and streams its answer to the caller, no faster than the caller reads. Resolves with a Problem or
 * what broke where no answer began, else with undefined when it is through; an answer that breaks off breaks the
 * caller's connection.
 */
export function callUpstream(
  exchange: Exchange,
  options: Dispatcher.DispatchOptions,
  { dispatcher, waitMs, stallTimeoutMs, log }: CallOptions,
): Promise<Problem | BrokenCall | undefined> {
  const { response, signal, correlationId, route } = exchange
  if (signal.aborted) return Promise.resolve(signal.reason)
  exchange.called = true
  return new Promise((resolve) => {
    let control: Dispatcher.DispatchController | undefined
    let ended = false
    const end = (outcome?: Problem | BrokenCall) => {
      if (ended) return
      ended = true
      clearTimeout(limit)
      signal.removeEventListener('abort', hangUp)
      resolve(outcome)
      if (outcome instanceof Problem) control?.abort(outcome)
    }
    const hangUp = () => end(signal.reason)
    const limit = setTimeout(() => end(control ? late() : unreachable()), waitMs)
    signal.addEventListener('abort', hangUp)
    dispatcher.dispatch(options, {
      onRequestStart: (controller) => {
        control = controller
        if (ended) controller.abort(late())
      },
      onResponseStart: (controller, status, headers) => {
        if (status < 200) return
        clearTimeout(limit)
        exchange.revision = headers['ebb-revision']?.toString()
        exchange.cold = headers['ebb-cold'] !== undefined && headers['ebb-cold'] !== 'false'
        const problem = whatIsNoAnswer(status, headers)
        if (problem) return end(problem)
        response.writeHead(status, [...toClient(headers, exchange.answerHeaders), 'x-correlation-id', correlationId])
        response.on('drain', () => {
          response.setTimeout(0)
          controller.resume()
        })
      },
      onResponseData: (controller, chunk) => {
        if (ended) return
        exchange.bytes += chunk.length
        if (response.write(chunk)) return
        response.setTimeout(stallTimeoutMs)
        controller.pause()
      },
      onResponseEnd: () => {
        if (!ended) response.setTimeout(stallTimeoutMs).end()
        end()
      },
      onResponseError: (_controller, fault) => {
        if (ended) return
        if (!response.headersSent) return end({ cause: fault, sent: control !== undefined })
        log.error({ err: fault, function: route?.name, correlationId }, 'a function broke off')
        end()
        response.destroy()
      },
    })
  })
}

const late = () => new Problem('deadline_exceeded', 504, 'The function did not answer in time.')

const CODES: Readonly<Record<number, string>> = { 502: 'bad_gateway', 503: 'unavailable', 504: 'deadline_exceeded' }

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** What stands between us and the function says so in its own words: callers get it in ours. */
function whatIsNoAnswer(status: number, headers: Headers): Problem | undefined {
  const code = CODES[status]
  if (!code || String(headers['content-type']).startsWith('application/problem+json')) return undefined
  const retryAfter = headers['retry-after']
  return new Problem(code, status, 'The function cannot be reached just now.', {
    headers: typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {},
  })
}
