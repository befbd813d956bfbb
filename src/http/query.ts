import type { Strings } from '../contract/index.ts'

/** The query of a request target as lists of strings, in the order in which they came. */
export function queryStrings(target: string): Strings {
  const start = target.indexOf('?')
  const query: Record<string, string[]> = Object.create(null)
  if (start < 0) return query
  for (const [name, value] of new URLSearchParams(target.slice(start))) {
    query[name] ??= []
    query[name].push(value)
  }
  return query
}
