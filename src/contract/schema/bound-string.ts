import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { guardCheck, guardFormat } from './custom-code.ts'

/**
 * The same string schema, kept to what can be stored and judged: dates and times of ISO 8601 are those that Postgres
 * takes, and a text that is longer than its `.max()` never reaches the checks after it.
 */
export function boundString(schema: z.ZodType): z.ZodType {
  // zod types the def of each string and check more narrowly; each of them has some of these parts.
  const def = schema.def as unknown as StringDef
  const given = def.checks ?? []
  const checks = given.map((check) => guardCheck(countCharacters(abortOnLength(check))))
  for (const { format = '' } of [def, ...given.map(checkDefOf)]) {
    const outside = POSTGRES_LIMITS[format]
    if (outside) checks.push(z.superRefine((text, context) => addIssue(outside(String(text)), context)))
  }
  const parts = { checks, ...(def.fn ? { fn: guardFormat(def.fn) } : {}) }
  if (!def.fn && checks.length === given.length && checks.every((check, i) => check === given[i])) return schema
  // The def differs in its checks only; a child of the original keeps what that says of itself.
  return clone(schema, { ...def, ...parts } as never, { parent: true })
}

type StringCheck = z.core.$ZodCheck<never>

interface StringDef {
  readonly format?: string
  readonly checks?: readonly StringCheck[]
  /** The test of a format of the contract's own. */
  readonly fn?: (text: string) => unknown
}

interface CheckDef {
  readonly check: string
  readonly format?: string
  readonly maximum?: number
  readonly error?: z.core.$ZodErrorMap
}

const checkDefOf = (check: StringCheck) => check._zod.def as unknown as CheckDef

/** zod goes on after a `.max()` that fails, and a pattern would take its time with any length. */
function abortOnLength(check: StringCheck): StringCheck {
  const { check: kind, maximum, error } = checkDefOf(check)
  if (kind !== 'max_length' || maximum === undefined) return check
  return z.maxLength(maximum, { abort: true, ...(error ? { error } : {}) })
}

function addIssue(message: string | undefined, context: z.RefinementCtx) {
  if (message) context.addIssue({ code: 'custom', message })
}

const findYearIssue = (text: string) => (text.startsWith('0000') ? 'Years begin with 0001' : undefined)
const findFractionIssue = (text: string) =>
  /\.\d{10}/.test(text) ? 'A second has at most 9 decimal places' : undefined
const findOffsetIssue = (text: string) =>
  /[+-](1[6-9]|2\d):\d\d$/.test(text) ? 'No place is 16 hours or more from UTC' : undefined
const findDurationIssue = (text: string) =>
  /\d{7}|,/.test(text.replace(/\.\d{1,9}(?=S)/, ''))
    ? 'A number has at most 6 digits, and a point before 9 more'
    : undefined

/** Why a text of this format is none for Postgres, though ISO 8601 allows it. */
const POSTGRES_LIMITS: Readonly<Record<string, (text: string) => string | undefined>> = {
  date: findYearIssue,
  time: findFractionIssue,
  datetime: (text) => findYearIssue(text) ?? findFractionIssue(text) ?? findOffsetIssue(text),
  duration: findDurationIssue,
}

type LengthCheck = z.core.$ZodCheck<never>

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
function countCharacters(check: LengthCheck): LengthCheck {
  // zod types each check's def more narrowly; those of lengths have these parts.
  const def = check._zod.def as unknown as LengthDef
  if (!LENGTHS.includes(def.check)) return check
  const { length, minimum = length ?? 0, maximum = length ?? Infinity } = def
  const judge = (payload: z.core.ParsePayload) => {
    const characters = countUpTo(String(payload.value), maximum)
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
function countUpTo(text: string, maximum: number): number {
  if (text.length > maximum * 2) return text.length
  let characters = 0
  for (const _ of text) characters++
  return characters
}
