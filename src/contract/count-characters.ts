import type * as z from 'zod'

type Check = z.core.$ZodCheck<never>

interface LengthDef {
  readonly check: string
  readonly minimum?: number
  readonly maximum?: number
  readonly length?: number
  readonly abort?: boolean
}

const LENGTHS = ['min_length', 'max_length', 'length_equals']

/**
 * The same check of a text's length, in characters of Unicode, as JSON Schema (2020-12 validation, 6.3) and Postgres count
 * them; JavaScript counts most emoji as two.
 */
export function countCharacters(check: Check): Check {
  // zod types each check's def more narrowly; those of lengths have these parts.
  const def = check._zod.def as unknown as LengthDef
  if (!LENGTHS.includes(def.check)) return check
  const { length, minimum = length ?? 0, maximum = length ?? Infinity } = def
  const judge = (payload: z.core.ParsePayload) => {
    const characters = count(String(payload.value), maximum)
    if (characters >= minimum && characters <= maximum) return
    const common = {
      origin: 'string',
      inclusive: true,
      input: payload.value,
      inst: check,
      continue: !def.abort,
    } as const
    const exact = length === undefined ? {} : { exact: true }
    payload.issues.push(
      characters > maximum
        ? { code: 'too_big', maximum, ...common, ...exact }
        : { code: 'too_small', minimum, ...common, ...exact },
    )
  }
  // All else is the original's: what a schema says of itself is read from its checks.
  return Object.create(check, { _zod: { value: Object.create(check._zod, { check: { value: judge } }) } })
}

/** What is twice as long as may be, is too long however it is counted. */
function count(text: string, maximum: number): number {
  if (text.length > maximum * 2) return text.length
  let characters = 0
  for (const _ of text) characters++
  return characters
}
