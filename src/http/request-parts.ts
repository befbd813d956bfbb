import type { Strings } from '../contract/index.ts'

/** Of a request's headers as they are sent: names, values, and four bytes for each. */
export const MAX_CALLER_HEADER_BYTES = 16 * 1024
/** Envoy, before functions on Knative, takes 100 with its own and ours. */
export const MAX_CALLER_HEADER_FIELDS = 80
/** What the gateway says to a function of the caller, with all scopes. */
export const MAX_IDENTITY_BYTES = 40 * 1024
/** Of a request's headers to a function: what callers and gateway may send together, and as much as Envoy takes. */
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
