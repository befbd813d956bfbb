import type { Refuse } from './check-common.ts'

/** Each is a signature more in every request to the function. */
const MAX_CALLS = 8

/** Refuses `calls` that cannot be names of other endpoints; whether there are such ones is known of all contracts together. */
export function checkCalls(calls: readonly string[] | undefined, refuse: Refuse) {
  if (calls === undefined) return
  const isList = Array.isArray(calls) && calls.length > 0 && calls.every((name) => typeof name === 'string')
  refuse(!isList, "`calls` must be a list of the endpoints that the handler calls, such as ['price-order']")
  const twice = calls.find((name, index) => calls.indexOf(name) !== index)
  refuse(twice !== undefined, `calls "${twice}" is listed twice`)
  refuse(
    calls.length > MAX_CALLS,
    `it calls ${calls.length} functions, and ${MAX_CALLS} at most: each is a signature in every request to it`,
  )
}
