import type { Dispatcher } from 'undici'
import {
  beginClientSpan,
  clientAttributes,
  endRequestSpan,
  methodName,
  traceparentOf,
} from '../../../telemetry/index.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** Where the call goes. */
type Target = Pick<Dispatcher.DispatchOptions, 'path' | 'method'> & { readonly origin: string }

/** Makes one call of an upstream as a CLIENT span of its request. `call` gets the `traceparent` to send. */
export async function traceCall<Outcome>(
  request: UpstreamRequest,
  { origin, path, method }: Target,
  call: (traceparent: string) => Promise<Outcome>,
): Promise<Outcome> {
  const span = beginClientSpan(request.traceparent)
  if (!span) return call(request.traceparent)
  request.upstreamStatus = undefined
  const outcome = await call(traceparentOf(span))
  endRequestSpan(span, () => {
    const status = request.upstreamStatus
    const isError = status === undefined || status >= 400
    const attributes = clientAttributes({ origin, path, method, headers: [] })
    if (status !== undefined) {
      attributes['http.response.status_code'] = status
      attributes['network.protocol.version'] = '1.1'
    }
    if (isError) attributes['error.type'] = String(status ?? errorTypeOf(outcome))
    return { name: methodName(method), attributes, isError }
  })
  return outcome
}

/** The code of what went wrong before there was a status: that of a Problem, or of the connection's error. */
function errorTypeOf(outcome: unknown): unknown {
  const { code, cause } = Object(outcome)
  return code ?? Object(cause).code ?? Object(cause).name ?? '_OTHER'
}
