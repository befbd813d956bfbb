import { Problem } from '../../contract/index.ts'
import type { Step } from '../exchange.ts'
import { bodyTooLarge, readBody } from '../read-body.ts'

/** Takes in the bytes of the body as they came, where there is one; no more than the contract allows, and not coded. */
export function takeBody({ maxBytes }: { maxBytes: number }): Step {
  return function takeBody(request, response) {
    const { headers } = request
    const declared = Number(headers['content-length'] ?? 0)
    if (declared === 0 && headers['transfer-encoding'] === undefined) return
    if (declared > maxBytes) throw bodyTooLarge(maxBytes)
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity')
      throw new Problem('unsupported_media_type', 415, 'Send the body without Content-Encoding.')
    const { timeoutMs: limitMs, signal } = response.locals.deadline
    return readBody(request, { maxBytes, limitMs, signal }).then((body) => {
      request.body = body
    })
  }
}
