import * as z from 'zod'
import { clone } from 'zod/v4/core'
import { guardCheck, guardFormat } from './custom-code.ts'
import { type Check, replaceCheck } from './schema-def.ts'

/**
 * The same string schema, kept to what can be stored and checked: dates and times of ISO 8601 are those that Postgres takes,
 * lengths are counted in characters, and a text that is longer than its `.max()` never reaches the checks after it.
 */
export function boundString(schema: z.ZodType): z.ZodType {
  // zod types the def of each string and check more narrowly; each of them has some of these parts.
  const def = schema.def as unknown as StringDef
  const given = def.checks ?? []
  const checks = given.map((check) => guardCheck(countCharacters(abortOnLength(check))))
  for (const { format = '' } of [def, ...given.map(checkDefOf)]) {
    const findIssue = POSTGRES_LIMITS[format]
    if (findIssue) checks.push(z.superRefine((text, context) => addIssue(findIssue(String(text)), context)))
  }
  const parts = { checks, ...(def.fn ? { fn: guardFormat(def.fn) } : {}) }
  if (!def.fn && checks.length === given.length && checks.every((check, i) => check === given[i])) return schema
  // The def differs in its checks only; a child of the original keeps its metadata.
  return clone(schema, { ...def, ...parts } as never, { parent: true })
}

interface StringDef {
  readonly format?: string
  readonly checks?: readonly Check[]
  /** The test of a format of the contract's own. */
  readonly fn?: (text: string) => unknown
}

interface CheckDef {
  readonly check: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly length?: number
  readonly abort?: boolean
  readonly error?: z.core.$ZodErrorMap
}

const checkDefOf = (check: Check) => check._zod.def as unknown as CheckDef

/** zod goes on after a `.max()` that fails, and the time that a pattern takes grows with the text. */
function abortOnLength(check: Check): Check {
  const { check: kind, maximum, error } = checkDefOf(check)
  if (kind !== 'max_length' || maximum === undefined) return check
  return z.maxLength(maximum, { abort: true, ...(error ? { error } : {}) })
}

const LENGTHS = ['min_length', 'max_length', 'length_equals']

/**
 * The same check of a text's length, in characters of Unicode, as JSON Schema (2020-12 validation, 6.3) and Postgres count
 * them; JavaScript counts most emoji as two.
 */
function countCharacters(check: Check): Check {
  const def = checkDefOf(check)
  if (!LENGTHS.includes(def.check)) return check
  const { length, minimum = length ?? 0, maximum = length ?? Infinity } = def
  return replaceCheck(check, (payload) => {
    const characters = countUpTo(String(payload.value), maximum)
    if (characters >= minimum && characters <= maximum) return
    const common = { origin: 'string', inclusive: true, inst: check, continue: !def.abort } as const
    const exact = length === undefined ? {} : { exact: true }
    payload.issues.push(
      characters > maximum
        ? { code: 'too_big', maximum, input: payload.value, ...common, ...exact }
        : { code: 'too_small', minimum, input: payload.value, ...common, ...exact },
    )
  })
}

/** A text of more than twice the maximum is too long in characters, too, and needs no count. */
function countUpTo(text: string, maximum: number): number {
  if (text.length > maximum * 2) return text.length
  let characters = 0
  for (const _ of text) characters++
  return characters
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

/** By format: why Postgres refuses a text that ISO 8601 allows. */
const POSTGRES_LIMITS: Readonly<Record<string, (text: string) => string | undefined>> = {
  date: findYearIssue,
  time: findFractionIssue,
  datetime: (text) => findYearIssue(text) ?? findFractionIssue(text) ?? findOffsetIssue(text),
  duration: findDurationIssue,
}
