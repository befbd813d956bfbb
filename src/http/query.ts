import type { Strings } from '../contract/index.ts'

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
