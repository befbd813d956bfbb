import type { JsonSchema } from '../../deploy/json-schema.ts'
import { FORMATS } from './formats.ts'
import type { Random } from './random.ts'

const WORDS = [
  'amber',
  'birch',
  'cedar',
  'delta',
  'ember',
  'fjord',
  'grove',
  'haven',
  'ivory',
  'juniper',
  'lumen',
  'maple',
]

export const word = (random: Random): string => random.pick(WORDS)

/** A text of its format, lengths and patterns; where none of many tries fits its patterns, the first of them. */
export function sampleString(schema: JsonSchema, random: Random): string {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
  const patterns = rulesOf(schema, 'pattern').map((pattern) => new RegExp(pattern, 'u'))
  const fits = (text: string) =>
    text.length >= minLength && text.length <= maxLength && patterns.every((pattern) => pattern.test(text))
  const formats = rulesOf(schema, 'format').flatMap((format) => FORMATS[format] ?? [])
  // zod names no format that JSON Schema means more narrowly, such as that of a local time.
  const guesses = patterns.length > 0 && formats.length === 0 ? Object.values(FORMATS) : []
  const textsOf = (from: typeof guesses) => from.flatMap((texts) => texts(random))
  const texts = [...textsOf(formats), ...plain(schema, random), ...textsOf(guesses)]
  return texts.find(fits) ?? texts.map((text) => fitted(text, minLength, maxLength)).find(fits) ?? texts[0] ?? ''
}

/** zod writes several rules of one kind into `allOf`. */
const rulesOf = (schema: JsonSchema, keyword: 'format' | 'pattern'): readonly string[] =>
  [schema, ...(schema.allOf ?? [])].flatMap((part) => part[keyword] ?? [])

/** Texts of the kinds that patterns commonly ask for. */
function plain(schema: JsonSchema, random: Random): readonly string[] {
  const [one, other] = [word(random), word(random)]
  const number = String(random.integer(100, 999))
  const literals = rulesOf(schema, 'pattern').map(literalIn)
  return [
    ...[`${one} ${other}`, one, `${one}-${other}`, `${one}_${other}`, one.toUpperCase(), `${one}${number}`, number],
    ...[`${one.toUpperCase()}-${number}`, `${one}.${other}`, `/${one}`, one.slice(0, 1).toUpperCase() + one.slice(1)],
    ...literals.flatMap((literal) => [literal, literal + one, one + literal, `${one}${literal}${other}`]),
  ]
}

/** What is meant literally in a pattern such as `^sku_.*`. */
const literalIn = (pattern: string) =>
  pattern
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replaceAll(/\.\*|\[.*/g, '')
    .replaceAll(/\\(.)/g, '$1')

/** The same text over and over, up to its least length; cut where it is too long. */
function fitted(text: string, minLength: number, maxLength: number): string {
  const long = text.repeat(Math.max(1, Math.ceil(minLength / Math.max(1, text.length))))
  return long.slice(0, Math.min(maxLength, Math.max(minLength, text.length)))
}
