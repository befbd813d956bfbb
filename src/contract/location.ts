import { toPattern } from './pattern.ts'

/** In characters: what everybody on the way of a request takes of an address at least (RFC 9110, 4.1). */
const MAX_LOCATION_LENGTH = 8_000

/**
 * Compiles a template such as `/v1/users/{id}` once: it answers the address of what these values describe, `/v1/users/7`. That
 * throws a TypeError where it would lead nowhere, since a gateway refuses such a path, or nobody can carry it.
 */
export function toLocation(template: string): (values: Readonly<Record<string, unknown>>) => string {
  const { names } = toPattern(template)
  return (values) => {
    let location = template
    for (const name of names) {
      const value = values[name]
      const why = whatIsNoSegment(value)
      if (why) throw new TypeError(`its location ${template} leads nowhere: ${name} ${why}`)
      location = location.replace(`{${name}}`, () => encodeURIComponent(String(value)))
    }
    if (location.length <= MAX_LOCATION_LENGTH) return location
    throw new TypeError(
      `its location ${template} has ${location.length} characters, and at most ${MAX_LOCATION_LENGTH}`,
    )
  }
}

/** What most ids are like. */
const PLAIN = /^[\w-]+$/
/** As encoded. */
const UNSAFE = /%(2f|5c|[01][0-9a-f]|7f)/i

/** Why a value cannot be one segment of a path: however it is encoded, somebody on the way takes these for structure. */
function whatIsNoSegment(value: unknown): string | undefined {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return 'must be a text, a number or a boolean'
  const text = String(value)
  if (PLAIN.test(text)) return undefined
  if (/^\.{0,2}$/.test(text)) return 'must not be empty, "." or ".."'
  if (!text.isWellFormed()) return 'has half of a surrogate pair'
  if (UNSAFE.test(encodeURIComponent(text))) return 'must not have slashes, backslashes or control characters'
  return undefined
}
