import { Problem, type ValidationIssue } from '../contract/index.ts'

/** The response to a request that its contract refuses, with every issue. */
export const invalidRequest = (details: readonly ValidationIssue[]): Problem =>
  new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', { details })

/** The response to a request whose body is larger than its contract allows. */
export const bodyTooLarge = (maxBytes: number): Problem =>
  new Problem('payload_too_large', 413, `The body may have at most ${maxBytes} bytes.`)
