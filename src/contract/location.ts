import { toPattern } from './pattern.ts'

/** In characters: what everybody on the way of a request takes of an address at least (RFC 9110, 4.1). */
const MAX_LOCATION_LENGTH = 8_000

/**
 * The address of what these values describe, such as `/v1/users/7` for `/v1/users/{id}`. Throws a TypeError where it would
 * lead nowhere, since a gateway refuses such a path, or nobody can carry it.
 */
export function fillLocation(template: string, values: Readonly<Record<string, unknown>>): string {
  let location = template
  for (const name of toPattern(template).names) {
    const why = whatIsNoSegment(values[name])
    if (why) throw new TypeError(`its location ${template} leads nowhere: ${name} ${why}`)
    location = location.replace(`{${name}}`, () => encodeURIComponent(String(values[name])))
  }
  if (location.length <= MAX_LOCATION_LENGTH) return location
  throw new TypeError(`its location ${template} has ${location.length} characters, and at most ${MAX_LOCATION_LENGTH}`)
}

/** As encoded. */
const UNSAFE = /%(2f|5c|[01][0-9a-f]|7f)/i

/** Why a value cannot be one segment of a path: however it is encoded, somebody on the way takes these for structure. */
function whatIsNoSegment(value: unknown): string | undefined {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return 'must be a text, a number or a boolean'
  const text = String(value)
  if (/^\.{0,2}$/.test(text)) return 'must not be empty, "." or ".."'
  if (!text.isWellFormed()) return 'has half of a surrogate pair'
  if (UNSAFE.test(encodeURIComponent(text))) return 'must not have slashes, backslashes or control characters'
  return undefined
}
