import type { IncomingMessage } from 'node:http'
import { Problem } from '../contract/index.ts'

export interface ReadBodyOptions {
  readonly maxBytes: number
  /** For all of it. */
  readonly limitMs: number
  /** Its reason is what the reading then rejects with. */
  readonly signal: AbortSignal
}

/** Takes in all of a body. Rejects with a Problem where it is too large or too slow, or its rest cannot be had. */
export function readBody(request: IncomingMessage, { maxBytes, limitMs, signal }: ReadBodyOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (act: () => void) => {
      clearTimeout(limit)
      request.off('data', take).off('end', finish).off('error', fail)
      signal.removeEventListener('abort', fail)
      act()
    }
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > maxBytes) settle(() => reject(bodyTooLarge(maxBytes)))
    }
    const finish = () => settle(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    const fail = () => settle(() => reject(signal.reason ?? new Problem('caller_gone', 499, 'The body broke off.')))
    const limit = setTimeout(() => settle(() => reject(tooSlow(limitMs))), limitMs)
    request.on('data', take).on('end', finish).on('error', fail)
    signal.addEventListener('abort', fail)
  })
}

export const bodyTooLarge = (maxBytes: number): Problem =>
  new Problem('payload_too_large', 413, `The body may have at most ${maxBytes} bytes.`)

const tooSlow = (limitMs: number) =>
  new Problem('request_timeout', 408, `The body did not arrive within ${limitMs / 1_000} s.`, {
    headers: { connection: 'close' },
  })
