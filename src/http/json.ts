import type { ValidationIssue } from '../contract/index.ts'

/**
 * Parses a JSON body strictly, as I-JSON (RFC 7493): UTF-8, no duplicate names in an object, no lone surrogates; and no
 * U+0000, which Postgres cannot store as text, no `__proto__`, and no more than MAX_JSON. (RFC 8259 leaves duplicate names
 * to the parser; two parsers that disagree are a security hole.)
 */
export function parseJson(bytes: Uint8Array, max = MAX_JSON): ParsedJson {
  try {
    return parseJsonText(new TextDecoder('utf-8', { fatal: true }).decode(bytes), max)
  } catch {
    return NOT_UTF8
  }
}

/** A JSON text as a value, or what is wrong with it. */
export type ParsedJson = { readonly value: unknown } | { readonly issues: readonly ValidationIssue[] }

/** Parses the same that is a text already. */
export function parseJsonText(text: string, max = MAX_JSON): ParsedJson {
  // Before it is parsed, which may take many times the memory of the text.
  const issue = findUnsafeJson(text, 'body', max)
  if (issue) return { issues: [issue] }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/, ".*/s, '') : ''
    return { issues: [{ path: 'body', message: `Not JSON: ${why}` }] }
  }
}

/** What is wrong with bytes that are no text. */
export const NOT_UTF8: ParsedJson = { issues: [{ path: 'body', message: 'Not JSON: it is not UTF-8' }] }

/** Limits of one JSON text, whatever its contract: parsed and validated, each of these costs many times its own bytes. */
export const MAX_JSON = {
  levels: 32,
  /** Per array. */
  elements: 10_000,
  /** Objects and arrays, in total. */
  containers: 20_000,
  /** In total: objects, arrays, strings, numbers, true, false and null. */
  values: 50_000,
  /** Distinct names, in total. */
  names: 10_000,
}
const UNLIMITED: typeof MAX_JSON = {
  ...{ levels: Infinity, elements: Infinity, containers: Infinity, values: Infinity, names: Infinity },
}

interface Level {
  /** The names of this object so far; undefined in an array. */
  readonly names: Set<string> | undefined
  /** The current name or index. */
  key: string | number
}

/** U+0000 and surrogates: in valid UTF-8 and JSON they occur only as escapes. */
const RISKY_ESCAPE = /\\u(?:0000|d[89a-f])/i

/**
 * The first part of a JSON text that is not accepted anywhere, with its path from `part` on. Looks at strings, brackets and
 * commas only. Text that is not JSON is left to the parser, which reads no further than this does where this finds nothing.
 */
export function findUnsafeJson(text: string, part: string, max = MAX_JSON): ValidationIssue | undefined {
  const levels: Level[] = []
  const names = new Set<string>()
  const isRisky = RISKY_ESCAPE.test(text)
  let [containers, values] = [0, 1]
  const issue = (message: string): ValidationIssue => {
    const path = [part, ...levels.map(({ key }) => key)].join('.')
    return { path: path.toWellFormed(), message }
  }
  for (let i = 0; i < text.length; i++) {
    const level = levels.at(-1)
    switch (text[i]) {
      case '{':
      case '[':
        if (levels.length === max.levels) return issue(`Deeper than ${max.levels} levels`)
        levels.push(text[i] === '{' ? { names: new Set(), key: '' } : { names: undefined, key: 0 })
        if (++containers > max.containers)
          return { path: part, message: `More than ${max.containers} objects and arrays` }
        if (!isEmpty(text, i)) values++
        break
      case '}':
      case ']':
        levels.pop()
        break
      case ',':
        if (typeof level?.key === 'number' && ++level.key === max.elements)
          return issue(`More than ${max.elements} elements`)
        values++
        break
      case '"': {
        const end = endOfString(text, i)
        const isName = level?.names !== undefined && text[skipWhitespace(text, end)] === ':'
        const string = isName || isRisky ? parseString(text.slice(i, end)) : ''
        if (string === undefined) return undefined
        if (isName) level.key = string
        const unsafe = isRisky && describeUnsafeText(string)
        if (unsafe) return issue(unsafe)
        if (isName) {
          if (string === '__proto__') return issue('A name that is not allowed')
          if (level.names?.has(string)) return issue('Given more than once')
          level.names?.add(string)
          names.add(string)
          if (names.size > max.names) return { path: part, message: `More than ${max.names} different names` }
        }
        i = end - 1
      }
    }
    if (values > max.values) return { path: part, message: `More than ${max.values} values` }
  }
  return undefined
}

/** The first string in JSON.stringify's output that a strict reader refuses; size is not limited. */
export const findUnsafeText = (text: string, part: string): ValidationIssue | undefined =>
  RISKY_ESCAPE.test(text) ? findUnsafeJson(text, part, UNLIMITED) : undefined

/** Why a string cannot be stored and sent on unchanged. */
function describeUnsafeText(text: string): string | undefined {
  if (text.includes('\0')) return 'The character U+0000 is not allowed'
  return text.isWellFormed() ? undefined : 'Not well-formed Unicode: half of a surrogate pair'
}

/** Whether the object or array that opens at `start` is empty. */
function isEmpty(text: string, start: number): boolean {
  const first = text[skipWhitespace(text, start + 1)]
  return first === '}' || first === ']'
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (backslashesBefore(text, end) % 2 === 1) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end + 1
}

function backslashesBefore(text: string, index: number): number {
  let count = 0
  while (text[index - 1 - count] === '\\') count++
  return count
}

/** The value of a quoted string; undefined where one of its escapes is malformed. */
function parseString(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return undefined
  }
}

function skipWhitespace(text: string, start: number): number {
  let i = start
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++
  return i
}
