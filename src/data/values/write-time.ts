import { types } from 'node:util'
import { ValueFault } from './value-fault.ts'

export const isDate = (value: unknown): value is Date => types.isDate(value)

/** A Date as Postgres reads it: its UTC time with a Z, at any year. */
export function dateText(value: Date): string {
  if (Number.isNaN(value.getTime())) throw new ValueFault('an invalid Date')
  return toPostgresYear(value.toISOString())
}

/** A value of Temporal as Postgres reads it; undefined where it is none of this class. */
export function temporalText(value: unknown, name: string): string | undefined {
  if (Object.prototype.toString.call(value) !== `[object Temporal.${name}]`) return undefined
  // Each class of Temporal writes itself like that.
  const text = (value as { toString(options: object): string }).toString({ calendarName: 'never' })
  if (/\.\d{7}/.test(text))
    throw new ValueFault(
      "a time with nanoseconds, of which Postgres keeps microseconds: write value.round('microsecond')",
    )
  return name === 'Duration' ? signEach(text) : toPostgresYear(text)
}

/** ISO 8601 has six digits for years beyond 9999 and a year 0; Postgres has as many as it takes, and BC. */
function toPostgresYear(text: string): string {
  const [, sign, digits, rest = ''] =
    /^([-+])(\d{6})(.*)$/.exec(text) ?? (text.startsWith('0000') ? ['', '-', '0', text.slice(4)] : [])
  if (!sign) return text
  const year = sign === '+' ? Number(digits) : Number(digits) + 1
  return `${String(year).padStart(4, '0')}${rest}${sign === '-' ? ' BC' : ''}`
}

/** Postgres takes no sign before the P. */
const signEach = (text: string) => (text.startsWith('-') ? text.slice(1).replaceAll(/[\d.]+/g, '-$&') : text)
