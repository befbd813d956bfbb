import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { Problem } from '../../../contract/index.ts'
import type { CallFailure } from './call-failure.ts'
import { unreachable } from './call-failure.ts'
import type { ResponseHeaders, ResponseSink, UpstreamRequest } from './upstream-request.ts'

interface CallOptions<Refused> {
  readonly dispatcher: Dispatcher
  /** Until the headers of the response arrive. */
  readonly waitMs: number
  /** What is wrong with a response, so that nothing of it goes to the sink; undefined where nothing is. */
  readonly refuse: (status: number, headers: ResponseHeaders) => Refused | undefined
  /** The response broke off after it had begun. */
  readonly onBroken: (error: Error) => void
}

/**
 * Sends one request and streams the response to `sink`, no faster than that takes it. Resolves to undefined where the
 * response went there, to a failure before it began, to what `refuse` says, or to a Problem for the caller.
 */
export function callUpstream<Refused>(
  request: UpstreamRequest,
  options: Dispatcher.DispatchOptions,
  sink: ResponseSink,
  { dispatcher, waitMs, refuse, onBroken }: CallOptions<Refused>,
): Promise<Problem | CallFailure | Refused | undefined> {
  const { signal } = request
  if (signal.aborted) return Promise.resolve(signal.reason)
  request.invoked = true
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined
    let started = false
    let informational = 0
    let ended = false
    const end = (outcome?: Problem | CallFailure | Refused) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(outcome)
      if (outcome instanceof Problem) controller?.abort(outcome)
    }
    const observe = (status: number, headers: ResponseHeaders) => {
      request.respondedAt = performance.now()
      request.upstreamStatus = status
      request.revision = headers['ebb-revision']?.toString()
      request.cold = headers['ebb-cold'] !== undefined && headers['ebb-cold'] !== 'false'
    }
    const onAbort = () => {
      // The upload failed in the middle of the response, which must not look like a whole one.
      if (started && !ended && request.bodyStream) sink.fail(signal.reason)
      end(signal.reason)
    }
    const timer = setTimeout(() => end(controller ? timedOut() : unreachable()), waitMs)
    signal.addEventListener('abort', onAbort)
    dispatcher.dispatch(options, {
      onRequestStart: (begun) => {
        controller = begun
        if (ended) begun.abort(timedOut())
      },
      onResponseStart: (controller, status, headers) => {
        if (status < 200) {
          if (++informational <= MAX_INFORMATIONAL) return
          end({ cause: new Error(`more than ${MAX_INFORMATIONAL} interim responses`), sent: true })
          return controller.abort(new Error('too many interim responses'))
        }
        clearTimeout(timer)
        observe(status, headers)
        const refused = refuse(status, headers)
        if (refused) return end(refused)
        started = true
        sink.onDrain = () => controller.resume()
        sink.start(status, headers)
      },
      onRequestUpgrade: (_controller, status, headers, socket) => {
        // undici hands over the socket itself, and says less of it.
        const upstream = socket as Socket
        if (ended || !sink.switchProtocols) return void upstream.destroy()
        clearTimeout(timer)
        observe(status, headers)
        refuse(status, headers)
        signal.removeEventListener('abort', onAbort)
        sink.switchProtocols(headers, upstream).then(() => end(), end)
      },
      onResponseData: (controller, chunk) => {
        if (!ended && !sink.write(chunk)) controller.pause()
      },
      onResponseEnd: (_controller, trailers) => {
        if (!ended) sink.end(trailers)
        end()
      },
      onResponseError: (_controller, error) => {
        if (ended) return
        if (!started) return end({ cause: error, sent: controller !== undefined })
        onBroken(error)
        end()
        sink.fail(error)
      },
    })
  })
}

/** Of one response: there may be any number of them (RFC 9110, 15.2), and none needs more than a few. */
const MAX_INFORMATIONAL = 16

const timedOut = () => new Problem('deadline_exceeded', 504, 'The function did not answer in time.')
