import type { IncomingMessage } from 'node:http'
import { Problem } from '../contract/index.ts'

interface ReadBodyOptions {
  readonly maxBytes: number
  /** For all of it. */
  readonly timeoutMs: number
  /** Its reason is what the reading then rejects with. */
  readonly signal: AbortSignal
  /** The slowest that a body may come, on average and after some time of grace; default: as slow as `limitMs` allows. */
  readonly minRate?: { readonly bytesPerSecond: number; readonly graceMs: number }
  /** Is asked before memory is taken, and hears of what has come; the reading rejects with what it throws. */
  readonly account?: { readonly reserve: (bytes: number) => void; readonly received: (bytes: number) => void }
}

/**
 * Takes in all of a body, into one buffer: a million pieces of one byte cost no more than what they add up to. Rejects
 * with a Problem where it is too large or too slow, or its rest cannot be had.
 */
export function readBody(
  request: IncomingMessage,
  { maxBytes, timeoutMs, signal, minRate, account }: ReadBodyOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const beganAt = performance.now()
    const declaredBytes = Number(request.headers['content-length'] ?? 0)
    let body: Buffer = EMPTY_BODY
    let bytes = 0
    const settle = () => {
      clearTimeout(limit)
      request.off('data', take).off('end', finish).off('error', fail)
      signal.removeEventListener('abort', fail)
    }
    const refuse = (reason: unknown) => {
      settle()
      freeBytes(body)
      reject(reason)
    }
    const keep = (chunk: Buffer) => {
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
    const take = (chunk: Buffer) => {
      if (bytes + chunk.length > maxBytes) return refuse(bodyTooLarge(maxBytes))
      try {
        keep(chunk)
      } catch (refusal) {
        refuse(refusal)
      }
    }
    const finish = () => {
      settle()
      resolve(body.subarray(0, bytes))
    }
    const fail = () => refuse(signal.reason ?? new Problem('caller_gone', 499, 'The body broke off.'))
    /** How long it may have taken, with what has come so far. */
    const allowedMs = () =>
      minRate ? Math.min(timeoutMs, minRate.graceMs + (bytes / minRate.bytesPerSecond) * 1_000) : timeoutMs
    const look = () => {
      const leftMs = allowedMs() - (performance.now() - beganAt)
      if (leftMs <= 0) return refuse(tooSlow(allowedMs()))
      limit = setTimeout(look, Math.ceil(leftMs))
    }
    let limit = setTimeout(look, Math.ceil(allowedMs()))
    request.on('data', take).on('end', finish).on('error', fail)
    signal.addEventListener('abort', fail)
  })
}

const EMPTY_BODY = Buffer.allocUnsafeSlow(0)

export const bodyTooLarge = (maxBytes: number): Problem =>
  new Problem('payload_too_large', 413, `The body may have at most ${maxBytes} bytes.`)

const tooSlow = (limitMs: number) =>
  new Problem('request_timeout', 408, `Within ${Math.ceil(limitMs / 1_000)} s, too little of the body arrived.`, {
    headers: { connection: 'close' },
  })

/**
 * Gives the memory of bytes back at once, where they have all of it to themselves. Left to V8, what was read and dropped
 * under load would pile up to many times what is in use before it is collected.
 */
export function freeBytes({ buffer, length }: Buffer): void {
  if (length > 0 && length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
