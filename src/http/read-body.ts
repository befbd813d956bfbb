import type { IncomingMessage } from 'node:http'
import { Problem } from '../contract/index.ts'
import { bodyTooLarge } from './request-problems.ts'

interface ReadBodyOptions {
  readonly maxBytes: number
  /** For the whole body. */
  readonly timeoutMs: number
  /** Aborts the reading, which then rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** The lowest average rate, after a grace period; default: none but what `timeoutMs` implies. */
  readonly minRate?: { readonly bytesPerSecond: number; readonly graceMs: number }
  /** Called before memory is allocated, and for each chunk; the reading rejects with what these throw. */
  readonly account?: { readonly reserve: (bytes: number) => void; readonly received: (bytes: number) => void }
}

/**
 * Reads a whole body into one buffer: a million chunks of one byte cost no more memory than their sum. Rejects with a
 * Problem where it is too large or too slow, or where it breaks off.
 */
export function readBody(
  request: IncomingMessage,
  { maxBytes, timeoutMs, signal, minRate, account }: ReadBodyOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const declaredBytes = Number(request.headers['content-length'] ?? 0)
    let body: Buffer = EMPTY_BODY
    let bytes = 0
    const settle = () => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('error', fail)
      signal.removeEventListener('abort', fail)
    }
    const abort = (reason: unknown) => {
      settle()
      freeBytes(body)
      reject(reason)
    }
    const append = (chunk: Buffer) => {
      account?.received(chunk.length)
      const end = bytes + chunk.length
      if (end > body.length) {
        const capacity = declaredBytes || Math.max(end, Math.min(maxBytes, body.length * 2))
        account?.reserve(capacity - body.length)
        const grown = Buffer.allocUnsafeSlow(capacity)
        body.copy(grown, 0, 0, bytes)
        freeBytes(body)
        body = grown
      }
      chunk.copy(body, bytes)
      freeBytes(chunk)
      bytes = end
    }
    const onData = (chunk: Buffer) => {
      if (bytes + chunk.length > maxBytes) return abort(bodyTooLarge(maxBytes))
      try {
        append(chunk)
      } catch (error) {
        abort(error)
      }
    }
    const onEnd = () => {
      settle()
      resolve(body.subarray(0, bytes))
    }
    const fail = () => abort(signal.reason ?? new Problem('caller_gone', 499, 'The body broke off.'))
    /** How long the body may have taken, given the bytes so far. */
    const allowedMs = () =>
      minRate ? Math.min(timeoutMs, minRate.graceMs + (bytes / minRate.bytesPerSecond) * 1_000) : timeoutMs
    const checkRate = () => {
      const remainingMs = allowedMs() - (performance.now() - startedAt)
      if (remainingMs <= 0) return abort(tooSlow(allowedMs()))
      timer = setTimeout(checkRate, Math.ceil(remainingMs))
    }
    let timer = setTimeout(checkRate, Math.ceil(allowedMs()))
    request.on('data', onData).on('end', onEnd).on('error', fail)
    signal.addEventListener('abort', fail)
  })
}

const EMPTY_BODY = Buffer.allocUnsafeSlow(0)

const tooSlow = (timeoutMs: number) =>
  new Problem('request_timeout', 408, `Within ${Math.ceil(timeoutMs / 1_000)} s, too little of the body arrived.`, {
    headers: { connection: 'close' },
  })

/**
 * Frees a buffer's memory at once, where nothing else shares it. Left to V8, what was read and dropped under load would pile
 * up to many times what is in use before it is collected.
 */
export function freeBytes({ buffer, length }: Buffer): void {
  if (length > 0 && length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
