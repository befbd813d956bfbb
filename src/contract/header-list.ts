/** What stands between two commas: anything, and quoted strings with commas of their own. */
const ELEMENT = /(?:[^",]|"(?:[^"\\]|\\.)*"|")+/g
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s

/**
 * The elements of a header that is a list (RFC 9110, 5.6.1), however it was sent: lines are the same as commas (5.3), blanks
 * and empty elements do not count, and the quotes of an element in quotes are no part of it (5.6.4).
 */
export function headerList(lines: readonly string[]): string[] {
  const elements = lines.join(',').match(ELEMENT) ?? []
  return elements
    .map((element) => element.replace(/^[\t ]+|(?<![\t ])[\t ]+$/g, ''))
    .filter((element) => element !== '')
    .map((element) => QUOTED.exec(element)?.[1]?.replaceAll(/\\(.)/gs, '$1') ?? element)
}
