import { MAX_JSON, type ParsedJson, parseJsonText } from '../json.ts'

/** A text as short as this cannot exceed the limits of numbers that MAX_JSON has: each value takes two characters of it. */
const MAX_SHORT = MAX_JSON.elements

/**
 * Parses one line as parseJson does a body, sooner where it is short and holds no escapes: then a name that is given twice
 * shows in that the text has more quotation marks than its value has names and strings.
 */
export function parseLine(text: string): ParsedJson {
  if (text.length > MAX_SHORT || text.includes('\\') || text.includes('__proto__')) return parseJsonText(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return parseJsonText(text)
  }
  return countQuotes(text) === 2 * countTexts(value, 0) ? { value } : parseJsonText(text)
}

function countQuotes(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count++
  return count
}

/** Its strings and names; NaN where it is too deep. */
function countTexts(value: unknown, level: number): number {
  if (typeof value === 'string') return 1
  if (typeof value !== 'object' || value === null) return 0
  if (level === MAX_JSON.levels) return Number.NaN
  let count = 0
  if (Array.isArray(value)) for (const element of value) count += countTexts(element, level + 1)
  // An object of JSON has no other properties than its own.
  else for (const name in value) count += 1 + countTexts((value as Record<string, unknown>)[name], level + 1)
  return count
}
