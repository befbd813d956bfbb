import { Problem } from '../../contract/index.ts'
import type { Step } from '../context.ts'
import { readBody } from '../read-body.ts'
import { bodyTooLarge } from '../request-problems.ts'

/** Reads the body as raw bytes, where there is one: no more than the contract allows, and without Content-Encoding. */
export function takeBody({ maxBytes }: { maxBytes: number }): Step {
  return function takeBody(request, response) {
    const { headers } = request
    const declaredBytes = Number(headers['content-length'] ?? 0)
    if (declaredBytes === 0 && headers['transfer-encoding'] === undefined) return
    if (declaredBytes > maxBytes) throw bodyTooLarge(maxBytes)
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity')
      throw new Problem('unsupported_media_type', 415, 'Send the body without Content-Encoding.')
    const { timeoutMs, signal } = response.locals.deadline
    return readBody(request, { maxBytes, timeoutMs, signal }).then((body) => {
      request.body = body
    })
  }
}
