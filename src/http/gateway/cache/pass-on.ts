import type { GatewayContext } from '../context.ts'
import { createClientSink } from '../upstream/client-sink.ts'
import type { ResponseHeaders, ResponseSink } from '../upstream/upstream-request.ts'
import { onlyRequired } from './answer.ts'
import { type CacheStatus, formatCacheStatus } from './cache-status.ts'
import { fieldOf } from './fields.ts'
import { isNotModified } from './validators.ts'

interface PassOnOptions {
  /** Where it goes; undefined where that is the caller. */
  readonly sink: ResponseSink | undefined
  readonly status: CacheStatus
  /** The conditions that were not sent to the upstream: what meets them is answered 304, here. */
  readonly conditions?: GatewayContext['headers'] | undefined
  /** Sees the response as it begins. */
  readonly onStart?: (status: number, headers: ResponseHeaders) => void
}

/** Passes a response on to its caller as it comes, with what this cache did written on it. */
export function passOn(context: GatewayContext, { sink, status, conditions, onStart }: PassOnOptions): ResponseSink {
  const next = sink ?? createClientSink(context)
  let over = false
  const passing: ResponseSink = {
    onDrain: undefined,
    start: (code, headers) => {
      onStart?.(code, headers)
      next.onDrain = () => passing.onDrain?.()
      const marked = { ...headers, 'cache-status': formatCacheStatus(status, fieldOf(headers, 'cache-status')) }
      if (!conditions || !meets(conditions, code, headers)) return next.start(code, marked)
      over = true
      next.start(304, onlyRequired(marked))
      next.end()
    },
    write: (chunk) => over || next.write(chunk),
    end: (trailers) => {
      if (!over) next.end(trailers)
    },
    fail: (error) => {
      if (!over) next.fail(error)
    },
  }
  return passing
}

function meets(conditions: GatewayContext['headers'], status: number, headers: ResponseHeaders): boolean {
  const validators: Record<string, string> = {}
  for (const name of ['etag', 'last-modified', 'date']) {
    const value = fieldOf(headers, name)
    if (value !== undefined) validators[name] = value
  }
  return isNotModified(conditions, { status, headers: validators, respondedAt: Date.now() })
}
