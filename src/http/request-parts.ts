import { Problem, type Strings, type ValidationIssue } from '../contract/index.ts'

/** Of a request's headers as they are sent: names, values, and four bytes for each line. */
export const MAX_CALLER_HEADER_BYTES = 16 * 1024
/** Envoy, in front of functions on Knative, accepts 100, with its own and the gateway's. */
export const MAX_CALLER_HEADER_FIELDS = 80
/** Of `Ebb-Identity`: the caller with all scopes. */
export const MAX_IDENTITY_BYTES = 40 * 1024
/** Of the headers of a request to a function: what caller and gateway may send together, and as much as Envoy accepts. */
export const MAX_FUNCTION_HEADER_BYTES = 60 * 1024

const NONE: Strings = Object.freeze({})

/** The query of a request target as lists of strings, in the order in which they came. */
export function parseQuery(target: string): Strings {
  const start = target.indexOf('?')
  if (start < 0) return NONE
  const query: Record<string, string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(target.slice(start))) {
    query[name] ??= []
    query[name].push(value)
  }
  return query
}

/** The response to a request that its contract refuses, with every issue. */
export const invalidRequest = (details: readonly ValidationIssue[]): Problem =>
  new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', { details })
