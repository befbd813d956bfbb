import { type Fields, linesOf, splitList } from './fields.ts'
import type { CachedResponse } from './store.ts'

/** The names in `Vary`, in lower case and in one order; undefined where `*` is among them, so that no request matches. */
export function parseVary(fields: Fields): readonly string[] | undefined {
  const names = linesOf(fields, 'vary').flatMap((line) => splitList(line.toLowerCase()))
  return names.includes('*') ? undefined : [...new Set(names)].sort()
}

/** What the gateway has taken out of a request's headers, but by which a response may vary nevertheless. */
const CREDENTIALS = new Set(['authorization', 'x-api-key'])

/** A request's headers, and who sent it. */
export interface Selecting {
  readonly headers: Fields
  readonly callerKey: string
}

/** What the request has for each name (RFC 9111, 4.1): its lines as one, white space normalised; null where it has none. */
export const select = (names: readonly string[], selecting: Selecting): CachedResponse['selectedBy'] =>
  names.map((name) => [name, normalise(name, selecting)] as const)

function normalise(name: string, { headers, callerKey }: Selecting): string | null {
  const lines = linesOf(headers, name)
  if (CREDENTIALS.has(name)) return `${callerKey} ${lines.join()}`
  return lines.length === 0 ? null : splitList(lines.join(',')).join(', ')
}

/** What this request has for the names by which a response was selected. */
export const reselect = ({ selectedBy }: Pick<CachedResponse, 'selectedBy'>, selecting: Selecting) =>
  select(
    selectedBy.map(([name]) => name),
    selecting,
  )

/** A name for the variant, unambiguous: neither a header's name nor its value holds a line break. */
export const variantOf = (selectedBy: CachedResponse['selectedBy']): string =>
  selectedBy.map(([name, value]) => (value === null ? `${name}\n` : `${name}:${value}\n`)).join('')

/** The response that the request selects; of several the latest. */
export function findVariant(variants: readonly CachedResponse[], selecting: Selecting): CachedResponse | undefined {
  let found: CachedResponse | undefined
  for (const each of variants) {
    if (found && found.respondedAt >= each.respondedAt) continue
    if (each.selectedBy.every(([name, value]) => normalise(name, selecting) === value)) found = each
  }
  return found
}
