import type { Fault } from '../contract/index.ts'

/** What one JSON text may have at most, whatever its contract: parsed and validated, each costs many times its own bytes. */
export const MAX_JSON = {
  levels: 32,
  /** In one array. */
  elements: 10_000,
  /** Objects and arrays, in all. */
  containers: 20_000,
  /** In all: objects, arrays, strings, numbers, true, false and null. */
  values: 50_000,
  /** That differ, in all. */
  names: 10_000,
}
const UNLIMITED: typeof MAX_JSON = {
  ...{ levels: Infinity, elements: Infinity, containers: Infinity, values: Infinity, names: Infinity },
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
 * The first thing in a JSON text that nobody takes in, with its path from `part` on. Only strings, brackets and commas are
 * looked at. A text that is no JSON is the parser's to refuse: it reads no further than this does, if this finds nothing.
 */
export function whatIsUnsafe(text: string, part: string, max = MAX_JSON): Fault | undefined {
  const levels: Level[] = []
  const names = new Set<string>()
  const isRisky = RISKY_ESCAPE.test(text)
  let [containers, values] = [0, 1]
  const fault = (message: string): Fault => {
    const path = [part, ...levels.map(({ at }) => at)].join('.')
    return { path: path.toWellFormed(), message }
  }
  for (let i = 0; i < text.length; i++) {
    const level = levels.at(-1)
    switch (text[i]) {
      case '{':
      case '[':
        if (levels.length === max.levels) return fault(`Deeper than ${max.levels} levels`)
        levels.push(text[i] === '{' ? { names: new Set(), at: '' } : { names: undefined, at: 0 })
        if (++containers > max.containers)
          return { path: part, message: `More than ${max.containers} objects and arrays` }
        if (!isEmpty(text, i)) values++
        break
      case '}':
      case ']':
        levels.pop()
        break
      case ',':
        if (typeof level?.at === 'number' && ++level.at === max.elements)
          return fault(`More than ${max.elements} elements`)
        values++
        break
      case '"': {
        const end = endOfString(text, i)
        const isName = level?.names !== undefined && text[afterBlanks(text, end)] === ':'
        const string = isName || isRisky ? stringOf(text.slice(i, end)) : ''
        if (string === undefined) return undefined
        if (isName) level.at = string
        const why = isRisky && whatIsNoText(string)
        if (why) return fault(why)
        if (isName) {
          if (string === '__proto__') return fault('A name that is not allowed')
          if (level.names?.has(string)) return fault('Given more than once')
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

/** The first text in what JSON.stringify has written that is none to whoever reads it strictly; its size is free. */
export const whatIsNoTextIn = (text: string, part: string): Fault | undefined =>
  RISKY_ESCAPE.test(text) ? whatIsUnsafe(text, part, UNLIMITED) : undefined

/** Why a string is no text that can be stored and sent on as it came. */
function whatIsNoText(text: string): string | undefined {
  if (text.includes('\0')) return 'The character U+0000 is not allowed'
  return text.isWellFormed() ? undefined : 'Not well-formed Unicode: half of a surrogate pair'
}

/** Whether the object or array that opens at `start` has nothing in it. */
function isEmpty(text: string, start: number): boolean {
  const first = text[afterBlanks(text, start + 1)]
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

/** What a string in quotes says; undefined where one of its escapes is none. */
function stringOf(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return undefined
  }
}

function afterBlanks(text: string, start: number): number {
  let i = start
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++
  return i
}
