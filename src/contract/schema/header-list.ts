/** What stands between two commas, quoted strings with their commas included. */
const ELEMENT = /(?:[^",]|"(?:[^"\\]|\\.)*"|")+/g
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s
/** A value that would be read as another one: it goes in quotes (RFC 9110, 5.6.4). */
const NEEDS_QUOTES = /^$|[",]|^[\t ]|[\t ]$/

/**
 * The elements of a header that is a list (RFC 9110, 5.6.1), however it was sent: several lines are as one with commas (5.3),
 * blanks and empty elements do not count, and the quotes around an element are not part of it (5.6.4).
 */
export function parseHeaderList(lines: readonly string[]): string[] {
  const elements = lines.join(',').match(ELEMENT) ?? []
  return elements
    .map((element) => element.replace(/^[\t ]+|(?<![\t ])[\t ]+$/g, ''))
    .filter((element) => element !== '')
    .map((element) => QUOTED.exec(element)?.[1]?.replaceAll(/\\(.)/gs, '$1') ?? element)
}

/** Writes values as a header that is a list, so that it is read as the same values. */
export const writeHeaderList = (values: readonly unknown[]): string => values.map(String).map(toElement).join(', ')

const toElement = (text: string) => (NEEDS_QUOTES.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : text)
