import type * as z from 'zod'
import { headerList } from './header-list.ts'
import type { Fault } from './problem.ts'
import { defOf, typeOf } from './schema-def.ts'

/** Values as a query, a path or headers carry them. */
export type Strings = Readonly<Record<string, readonly string[]>>

const SCALARS = new Set(['string', 'number', 'int', 'boolean', 'enum', 'literal', 'template_literal'])
const WRAPPERS = new Set(['optional', 'default', 'prefault', 'nonoptional', 'readonly', 'catch'])
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** The first property that strings cannot carry, as a sentence. */
export function whatStringsCannotCarry(schema: z.ZodObject): string | undefined {
  for (const [name, property] of Object.entries(schema.shape)) {
    const inner = bare(property)
    const odd = whatIsNoScalar(typeOf(inner) === 'array' ? elementOf(inner) : inner)
    if (odd) return `${name} is a z.${odd}, which a string cannot carry; ${CURES[odd] ?? CURE}`
  }
  return undefined
}

/** Whether one text stands for any value that comes out of the schema. */
export const isScalar = (schema: z.ZodType): boolean => whatIsNoScalar(schema, 'out') === undefined

const CURE = 'use strings, numbers, booleans, enums or arrays of them'
const CURES: Readonly<Record<string, string>> = {
  ...{ nullable: 'write .optional() on what may be missing', null: 'leave it out' },
}

type Side = 'in' | 'out'

function whatIsNoScalar(schema: z.ZodType, side: Side = 'in'): string | undefined {
  const inner = bare(schema, side)
  if (typeOf(inner) === 'union')
    return optionsOf(inner)
      .map((option) => whatIsNoScalar(option, side))
      .find((odd) => odd !== undefined)
  if (valuesOf(inner)?.includes(null)) return 'null'
  return SCALARS.has(typeOf(inner)) ? undefined : typeOf(inner)
}

/**
 * Turns strings into what the schema's plain types expect: "7" into 7 where a number is declared. A value that does not
 * fit stays a string, so that the schema names the fault; a repeated name is a fault unless an array is declared, and in
 * a header commas part its elements, too.
 */
export function decodeStrings(schema: z.ZodObject, strings: Strings, part: string) {
  const entries: [string, unknown][] = []
  const faults: Fault[] = []
  const listOf = part === 'headers' ? headerList : (texts: readonly string[]) => texts
  for (const [name, texts] of Object.entries(strings)) {
    const refuse = (message: string) => faults.push({ path: `${part}.${name}`, message })
    const property = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined
    const inner = property && bare(property)
    const element = inner && typeOf(inner) === 'array' ? bare(elementOf(inner)) : undefined
    if (texts.some((text) => text.includes('\0'))) refuse('The character U+0000 is not allowed')
    else if (element) entries.push([name, listOf(texts).map((text) => decode(element, text))])
    else if (texts.length > 1) refuse('Given more than once')
    else entries.push([name, inner ? decode(inner, texts[0] ?? '') : texts[0]])
  }
  // Not by assignment, which `__proto__` would get past.
  return { value: Object.fromEntries(entries), faults }
}

function decode(schema: z.ZodType, text: string): unknown {
  const candidates = valuesOf(schema)
  if (candidates) return candidates.find((candidate) => String(candidate) === text) ?? text
  const type = typeOf(schema)
  if (type === 'number' || type === 'int') return toNumber(text) ?? text
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (type !== 'union') return text
  const decoded = optionsOf(schema).map((option) => ({ option, value: decode(bare(option), text) }))
  return decoded.find(({ option, value }) => option.safeParse(value).success)?.value ?? text
}

/**
 * The number, where a number of JavaScript is that number or is written like that: other whole ones beyond 2^53, and what would
 * become a whole one, lose digits.
 */
function toNumber(text: string): number | undefined {
  const [all, , fraction = '', exponent] = NUMBER.exec(text) ?? []
  if (all === undefined) return undefined
  const value = Number(text)
  if (exponent !== undefined || !Number.isInteger(value) || String(value) === text) return value
  return BigInt(value) === BigInt(text.slice(0, text.length - fraction.length)) && !/[1-9]/.test(fraction)
    ? value
    : undefined
}

/** What is behind the wrappers of zod, and on one side of its pipes: a text is held against the first one. */
function bare(schema: z.ZodType, side: Side = 'in'): z.ZodType {
  const { type, innerType, getter, ...def } = defOf(schema)
  const inner = WRAPPERS.has(type) ? innerType : type === 'pipe' ? def[side] : type === 'lazy' ? getter?.() : undefined
  return inner ? bare(inner, side) : schema
}

// The casts below read what zod keeps in the def of exactly this type.
const elementOf = (schema: z.ZodType) => (schema.def as unknown as { element: z.ZodType }).element
const optionsOf = (schema: z.ZodType) => (schema.def as unknown as { options: z.ZodType[] }).options

function valuesOf(schema: z.ZodType): readonly unknown[] | undefined {
  if (typeOf(schema) === 'literal') return (schema.def as unknown as { values: unknown[] }).values
  if (typeOf(schema) === 'enum') return Object.values((schema.def as unknown as { entries: object }).entries)
  return undefined
}
