import type { JsonSchema } from '../json-schema.ts'
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

/** A random word, for texts of which a schema says nothing more. */
export const word = (random: Random): string => random.pick(WORDS)

/** A text that fits the format, lengths and patterns; if none of many candidates fits, the first one. */
export function sampleString(schema: JsonSchema, random: Random): string {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
  const patterns = rulesOf(schema, 'pattern').map((pattern) => new RegExp(pattern, 'u'))
  const fits = (text: string) =>
    text.length >= minLength && text.length <= maxLength && patterns.every((pattern) => pattern.test(text))
  const formats = rulesOf(schema, 'format').flatMap((format) => FORMATS[format] ?? [])
  // zod names no format if JSON Schema defines it more narrowly, such as that of a local time.
  const guesses = patterns.length > 0 && formats.length === 0 ? Object.values(FORMATS) : []
  const textsOf = (from: typeof guesses) => from.flatMap((texts) => texts(random))
  const texts = [...textsOf(formats), ...commonTexts(schema, random), ...textsOf(guesses)]
  return texts.find(fits) ?? texts.map((text) => fitLength(text, minLength, maxLength)).find(fits) ?? texts[0] ?? ''
}

/** zod writes several rules of one kind into `allOf`. */
const rulesOf = (schema: JsonSchema, keyword: 'format' | 'pattern'): readonly string[] =>
  [schema, ...(schema.allOf ?? [])].flatMap((part) => part[keyword] ?? [])

/** Texts of the kinds that patterns commonly require. */
function commonTexts(schema: JsonSchema, random: Random): readonly string[] {
  const [one, other] = [word(random), word(random)]
  const number = String(random.integer(100, 999))
  const literals = rulesOf(schema, 'pattern').map(literalIn)
  return [
    ...[`${one} ${other}`, one, `${one}-${other}`, `${one}_${other}`, one.toUpperCase(), `${one}${number}`, number],
    ...[`${one.toUpperCase()}-${number}`, `${one}.${other}`, `/${one}`, one.slice(0, 1).toUpperCase() + one.slice(1)],
    ...literals.flatMap((literal) => [literal, literal + one, one + literal, `${one}${literal}${other}`]),
  ]
}

/** The literal part of a pattern such as `^sku_.*`. */
const literalIn = (pattern: string) =>
  pattern
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replaceAll(/\.\*|\[.*/g, '')
    .replaceAll(/\\(.)/g, '$1')

/** Repeats a text up to its minimum length, or cuts it to its maximum. */
function fitLength(text: string, minLength: number, maxLength: number): string {
  const long = text.repeat(Math.max(1, Math.ceil(minLength / Math.max(1, text.length))))
  return long.slice(0, Math.min(maxLength, Math.max(minLength, text.length)))
}

const PEOPLE = ['ada', 'alan', 'barbara', 'edsger', 'grace', 'katherine', 'linus', 'margaret', 'radia', 'tim']
const HEX = [...'0123456789abcdef']
const BASE36 = [...'0123456789abcdefghijklmnopqrstuvwxyz']
const CROCKFORD = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ']
const YEAR_START = Date.UTC(2026, 0, 1)
const YEAR_SECONDS = 365 * 86_400

const randomText = (random: Random, alphabet: readonly string[], length: number) =>
  Array.from({ length }, () => random.pick(alphabet)).join('')

/** Texts of each format that zod writes, the most common first: a schema may require another precision or version. */
const FORMATS: Readonly<Record<string, (random: Random) => readonly string[]>> = {
  email: (random) => [`${random.pick(PEOPLE)}.${random.integer(1, 999)}@example.com`],
  uuid: (random) => ['4', '7', '1', '6', '8'].map((version) => uuid(random, version)),
  guid: (random) => [uuid(random, '4')],
  'date-time': (random) => {
    const exact = instant(random)
    const seconds = exact.slice(0, 19)
    return [exact, `${seconds}Z`, `${seconds.slice(0, 16)}Z`, seconds, seconds.slice(0, 16), `${seconds}.123456Z`]
  },
  date: (random) => [instant(random).slice(0, 10)],
  time: (random) => [instant(random).slice(11, 19), instant(random).slice(11, 16), instant(random).slice(11, 23)],
  duration: (random) => [`PT${random.integer(1, 59)}M`],
  uri: (random) => ['https', 'http'].map((scheme) => `${scheme}://example.com/${random.pick(PEOPLE)}`),
  hostname: (random) => [`${random.pick(PEOPLE)}.example.com`],
  ipv4: (random) => [`192.0.2.${random.integer(1, 254)}`],
  ipv6: (random) => [`2001:db8::${random.integer(1, 9999)}`],
  cidrv4: () => ['192.0.2.0/24'],
  cidrv6: () => ['2001:db8::/32'],
  mac: (random) => [Array.from({ length: 6 }, () => randomText(random, HEX, 2)).join(':')],
  e164: (random) => [`+49301234${random.integer(1000, 9999)}`],
  base64: (random) => [Buffer.from(random.pick(PEOPLE).padEnd(9, '.')).toString('base64')],
  base64url: (random) => [Buffer.from(random.pick(PEOPLE)).toString('base64url')],
  jwt: () => ['eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'],
  nanoid: (random) => [randomText(random, BASE36, 21)],
  cuid: (random) => [`c${randomText(random, BASE36, 24)}`],
  cuid2: (random) => [`a${randomText(random, BASE36, 23)}`],
  ulid: (random) => [`01J${randomText(random, CROCKFORD, 23)}`],
  xid: (random) => [randomText(random, BASE36.slice(0, 22), 20)],
  ksuid: (random) => [randomText(random, BASE36, 27)],
  emoji: () => ['💡'],
}

const instant = (random: Random) => new Date(YEAR_START + random.integer(0, YEAR_SECONDS) * 1_000).toISOString()

function uuid(random: Random, version: string): string {
  const hex = (length: number) => randomText(random, HEX, length)
  return `${hex(8)}-${hex(4)}-${version}${hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`
}
