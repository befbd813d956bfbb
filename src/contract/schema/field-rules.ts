import type * as z from 'zod'
import { defOf } from './schema-def.ts'
import { toOutput } from './strip-schema.ts'

/** What the values of a column certainly are: any text; a whole number that is safe; a finite number; an RFC 3339 time in UTC. */
export type ValueKind = 'text' | 'int' | 'number' | 'boolean' | 'time'

/** Of which values it is certain that they fit a schema, whatever they are. */
interface Certain {
  readonly fits: readonly ValueKind[]
  /** Of a text. Default: 0. */
  readonly minBytes?: number
  /** Of a text. Default: any number. */
  readonly maxBytes?: number
}

/** What one property of what goes out takes, for who has its value as text and would rather not parse all of them. */
export interface FieldRule extends Certain {
  /** Whether a value fits as it is; undefined stands for one that is missing. */
  readonly takes: (value: unknown) => boolean
}

/** The rules of an object's properties, in their order; undefined where the object as a whole says more than its properties do. */
export function fieldRulesOf(schema: z.ZodType): Readonly<Record<string, FieldRule>> | undefined {
  const { type, shape, checks = [] } = defOf(schema)
  const { shape: output = {} } = defOf(toOutput(schema))
  if (type !== 'object' || !shape || checks.length > 0) return undefined
  const rules = Object.entries(output).map(([name, property]) => {
    const original = shape[name]
    return [name, { ...(original ? certainOf(original) : { fits: [] }), takes: taker(property) }]
  })
  return Object.fromEntries(rules)
}

const taker = (schema: z.ZodType) => (value: unknown) => {
  const { success, data } = schema.safeParse(value)
  return success && Object.is(data, value)
}

/** Whatever is not known here is left to the schema. */
function certainOf(schema: z.ZodType): Certain {
  const { type, innerType, checks = [] } = defOf(schema)
  // zod types each schema's def more narrowly.
  const { format, local, precision } = schema.def as { format?: string; local?: boolean; precision?: number | null }
  if ((type === 'nullable' || type === 'optional') && innerType) return certainOf(innerType)
  if (type === 'string' && format === undefined) return certainTexts(checks.map((check) => check._zod.def))
  if (checks.length > 0) return { fits: [] }
  if (type === 'boolean') return { fits: ['boolean'] }
  if (type === 'number' && format === undefined) return { fits: ['int', 'number'] }
  if (type === 'number' && format === 'safeint') return { fits: ['int'] }
  if (type === 'string' && format === 'datetime' && !local && typeof precision !== 'number') return { fits: ['time'] }
  return { fits: [] }
}

interface LengthCheck {
  readonly check?: string
  readonly minimum?: number
  readonly maximum?: number
}

/** A character takes a byte of UTF-8 at least, so that a text of few bytes is no longer than that, and one of a byte is not empty. */
function certainTexts(checks: readonly object[]): Certain {
  let [minBytes, maxBytes] = [0, Number.POSITIVE_INFINITY]
  for (const { check, minimum = 0, maximum = 0 } of checks as readonly LengthCheck[]) {
    if (check === 'max_length') maxBytes = Math.min(maxBytes, maximum)
    else if (check === 'min_length' && minimum <= 1) minBytes = minimum
    else return { fits: [] }
  }
  return { fits: ['text'], minBytes, maxBytes }
}
