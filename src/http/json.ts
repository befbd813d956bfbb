import type { Fault } from '../contract/index.ts'

const DEEPEST = 32
const LONGEST_ARRAY = 10_000

/**
 * Parses a JSON body strictly, as I-JSON (RFC 7493): UTF-8, no name twice in one object, no half of a surrogate pair; and
 * no U+0000, which Postgres has no text for, no `__proto__`, at most 32 levels and 10,000 elements an array. (RFC 8259
 * leaves repeated names to the reader; two readers that differ are a hole.)
 */
export function parseJson(bytes: Uint8Array): { readonly value: unknown } | { readonly faults: readonly Fault[] } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    const fault = whatIsUnsafe(text, 'body')
    return fault ? { faults: [fault] } : { value }
  } catch (fault) {
    const why = fault instanceof SyntaxError ? fault.message.replace(/, ".*/s, '') : 'it is not UTF-8'
    return { faults: [{ path: 'body', message: `Not JSON: ${why}` }] }
  }
}

interface Level {
  /** Names of an object so far; undefined in an array. */
  readonly names: Set<string> | undefined
  /** Where we are in it: a name or an index. */
  at: string | number
}

/** U+0000 and surrogates: valid UTF-8 and JSON hold them only as escapes. */
const RISKY_ESCAPE = /\\u(?:0000|d[89a-f])/i

/**
 * The first thing in a JSON text that parseJson refuses, with its path from `part` on. The text is known to be valid, so
 * that only strings and brackets matter.
 */
export function whatIsUnsafe(
  text: string,
  part: string,
  { deepest = DEEPEST, longestArray = LONGEST_ARRAY } = {},
): Fault | undefined {
  const levels: Level[] = []
  const isRisky = RISKY_ESCAPE.test(text)
  const fault = (message: string): Fault => {
    const path = [part, ...levels.map(({ at }) => at)].join('.')
    return { path: path.toWellFormed(), message }
  }
  for (let i = 0; i < text.length; i++) {
    const level = levels.at(-1)
    switch (text[i]) {
      case '{':
      case '[':
        if (levels.length === deepest) return fault(`Deeper than ${deepest} levels`)
        levels.push(text[i] === '{' ? { names: new Set(), at: '' } : { names: undefined, at: 0 })
        break
      case '}':
      case ']':
        levels.pop()
        break
      case ',':
        if (typeof level?.at === 'number' && ++level.at === longestArray)
          return fault(`More than ${longestArray} elements`)
        break
      case '"': {
        const end = endOfString(text, i)
        const name = level?.names && isName(text, end) ? String(JSON.parse(text.slice(i, end))) : undefined
        if (level && name !== undefined) level.at = name
        if (isRisky) {
          const why = whatIsNoText(name ?? String(JSON.parse(text.slice(i, end))))
          if (why) return fault(why)
        }
        if (name !== undefined) {
          if (name === '__proto__') return fault('A name that is not allowed')
          if (level?.names?.has(name)) return fault('Given more than once')
          level?.names?.add(name)
        }
        i = end - 1
      }
    }
  }
  return undefined
}

/** The first text in what JSON.stringify has written that is none to whoever reads it strictly; size and depth are free. */
export const whatIsNoTextIn = (text: string, part: string): Fault | undefined =>
  RISKY_ESCAPE.test(text) ? whatIsUnsafe(text, part, { deepest: Infinity, longestArray: Infinity }) : undefined

/** Why a string is no text that can be stored and sent on as it came. */
function whatIsNoText(text: string): string | undefined {
  if (text.includes('\0')) return 'The character U+0000 is not allowed'
  return text.isWellFormed() ? undefined : 'Not well-formed Unicode: half of a surrogate pair'
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (backslashesBefore(text, end) % 2 === 1) end = text.indexOf('"', end + 1)
  return end + 1
}

function backslashesBefore(text: string, index: number): number {
  let count = 0
  while (text[index - 1 - count] === '\\') count++
  return count
}

/** In valid JSON a string that a colon follows is a name. */
function isName(text: string, end: number): boolean {
  let i = end
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++
  return text[i] === ':'
}
