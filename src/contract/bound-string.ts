import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { countCharacters } from './count-characters.ts'
import { guardCheck, guardFormat } from './guard.ts'

/**
 * The same string schema, kept to what can be stored and judged: dates and times of ISO 8601 are those that Postgres
 * takes, and a text that is longer than its `.max()` never reaches the checks after it.
 */
export function boundString(schema: z.ZodType): z.ZodType {
  // zod types the def of each string and check more narrowly; each of them has some of these parts.
  const def = schema.def as unknown as StringDef
  const given = def.checks ?? []
  const checks = given.map((check) => guardCheck(countCharacters(stopping(check))))
  for (const { format = '' } of [def, ...given.map(defOf)]) {
    const outside = OUTSIDE[format]
    if (outside) checks.push(z.superRefine((text, context) => refuse(outside(String(text)), context)))
  }
  const parts = { checks, ...(def.fn ? { fn: guardFormat(def.fn) } : {}) }
  if (!def.fn && checks.length === given.length && checks.every((check, i) => check === given[i])) return schema
  // The def differs in its checks only; a child of the original keeps what that says of itself.
  return clone(schema, { ...def, ...parts } as never, { parent: true })
}

type Check = z.core.$ZodCheck<never>

interface StringDef {
  readonly format?: string
  readonly checks?: readonly Check[]
  /** The test of a format of the contract's own. */
  readonly fn?: (text: string) => unknown
}

interface CheckDef {
  readonly check: string
  readonly format?: string
  readonly maximum?: number
  readonly error?: z.core.$ZodErrorMap
}

const defOf = (check: Check) => check._zod.def as unknown as CheckDef

/** zod goes on after a `.max()` that fails, and a pattern would take its time with any length. */
function stopping(check: Check): Check {
  const { check: kind, maximum, error } = defOf(check)
  if (kind !== 'max_length' || maximum === undefined) return check
  return z.maxLength(maximum, { abort: true, ...(error ? { error } : {}) })
}

function refuse(message: string | undefined, context: z.RefinementCtx) {
  if (message) context.addIssue({ code: 'custom', message })
}

const yearOutside = (text: string) => (text.startsWith('0000') ? 'Years begin with 0001' : undefined)
const fractionOutside = (text: string) => (/\.\d{10}/.test(text) ? 'A second has at most 9 decimal places' : undefined)
const offsetOutside = (text: string) =>
  /[+-](1[6-9]|2\d):\d\d$/.test(text) ? 'No place is 16 hours or more from UTC' : undefined
const durationOutside = (text: string) =>
  /\d{7}|,/.test(text.replace(/\.\d{1,9}(?=S)/, ''))
    ? 'A number has at most 6 digits, and a point before 9 more'
    : undefined

/** Why a text of this format is none for Postgres, though ISO 8601 allows it. */
const OUTSIDE: Readonly<Record<string, (text: string) => string | undefined>> = {
  date: yearOutside,
  time: fractionOutside,
  datetime: (text) => yearOutside(text) ?? fractionOutside(text) ?? offsetOutside(text),
  duration: durationOutside,
}
