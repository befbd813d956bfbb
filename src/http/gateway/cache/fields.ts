/** The fields of a request or a response: names in lower case. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/** The lines of one field, as they came. */
export function linesOf(fields: Fields, name: string): readonly string[] {
  const value = fields[name]
  if (value === undefined) return NONE
  return typeof value === 'string' ? [value] : value
}

const NONE: readonly string[] = []

/** One field as a single value, its lines joined (RFC 9110, 5.3); undefined where it is absent. */
export function fieldOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return value === undefined || typeof value === 'string' ? value : value.join(', ')
}

/** The members of a list (RFC 9110, 5.6.1), trimmed and without empty ones. A comma in a quoted string is none. */
export function splitList(text: string): readonly string[] {
  const members: string[] = []
  let begin = 0
  let quoted = false
  for (let i = 0; i <= text.length; i++) {
    const character = text[i]
    if (quoted && character === '\\') i++
    else if (character === '"') quoted = !quoted
    else if (i === text.length || (character === ',' && !quoted)) {
      const member = text.slice(begin, i).trim()
      if (member !== '') members.push(member)
      begin = i + 1
    }
  }
  return members
}

/** What a quoted string says; any other text as it is. */
export const unquote = (text: string): string =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll(ESCAPED, '$1') : text

const ESCAPED = /\\(.)/g
