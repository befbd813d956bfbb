import { types } from 'node:util'
import { textType, ValueError, type ValueType, type WireValue } from './value-type.ts'

const MIDNIGHT = 'T00:00:00.000Z'

/** How values of `date` are read and written: as a string, since a day has no time zone. */
export const date: ValueType = {
  name: 'date',
  accepts: 'a string, a Temporal.PlainDate or a Date at midnight UTC',
  read: readDate,
  write: (value) => {
    if (!isDate(value)) return textOrTemporal(value, 'PlainDate')
    const text = dateText(value)
    if (text.includes(MIDNIGHT)) return text.replace(MIDNIGHT, '')
    throw new ValueError('a Date with a time of day, which a date has not: write value.toISOString().slice(0, 10)')
  },
}

/** A Date is written as its UTC time. */
export const timestamp: ValueType = {
  name: 'timestamp',
  accepts: 'a string, a Temporal.PlainDateTime or a Date, whose UTC time it becomes',
  read: readTimestamp,
  write: (value) => (isDate(value) ? dateText(value).replace('Z', '') : textOrTemporal(value, 'PlainDateTime')),
}

/** How values of `timestamptz` are read and written. */
export const timestamptz: ValueType = {
  name: 'timestamptz',
  accepts: 'a string, a Temporal.Instant or a Date',
  read: readTimestamptz,
  write: (value) => (isDate(value) ? dateText(value) : textOrTemporal(value, 'Instant')),
}

/** How values of `time` are read and written. */
export const time: ValueType = {
  ...{ ...textType('time'), accepts: 'a string or a Temporal.PlainTime' },
  write: (value) => textOrTemporal(value, 'PlainTime'),
}

/** How values of `interval` are read and written. */
export const interval: ValueType = {
  name: 'interval',
  accepts: 'a string or a Temporal.Duration',
  read: readInterval,
  write: (value) => textOrTemporal(value, 'Duration'),
}

const textOrTemporal = (value: unknown, temporal: string): WireValue | undefined =>
  typeof value === 'string' ? value : temporalText(value, temporal)

/** Reads a date as YYYY-MM-DD; years beyond 9999, BC and infinity as Postgres writes them. */
function readDate(text: string): string {
  return asIso(text)
}

/** Reads a timestamp as YYYY-MM-DDTHH:MM:SS with its digits; what ISO 8601 has no form for, as Postgres writes it. */
function readTimestamp(text: string): string {
  return FOUR_DIGITS.test(text) ? text.replace(' ', 'T') : asIso(text)
}

/** Reads RFC 3339 in UTC with six digits, so that texts sort as times do; what it has no form for, as Postgres writes it. */
export function readTimestamptz(text: string): string {
  const [, day, time, fraction = '', offset = ''] = TIMESTAMPTZ.exec(text) ?? []
  if (!day) return asIso(text)
  const utc = offset === '+00' ? `${day}T${time}` : toUtc(`${day}T${time}Z`, offset)
  return utc ? `${utc}.${fraction.padEnd(6, '0')}Z` : text
}

/** Reads an interval as ISO 8601, as Postgres writes it with intervalstyle iso_8601; infinity as Postgres writes it. */
function readInterval(text: string): string {
  const found = INTERVAL.exec(text)
  if (!found || text === '') return asIso(text)
  const [, years, months, days, sign = '', hours, minutes, seconds = ''] = found
  const part = (count: string | undefined, unit: string, minus = '') =>
    Number(count ?? 0) === 0 ? '' : `${minus}${count?.replace(/^\+?(-?)0*(?=\d)/, '$1')}${unit}`
  const minus = sign === '-' ? '-' : ''
  const clock =
    part(hours, 'H', minus) + part(minutes, 'M', minus) + part(seconds.replace(/(\.\d*?)0+$/, '$1'), 'S', minus)
  const written = `P${part(years, 'Y')}${part(months, 'M')}${part(days, 'D')}${clock && `T${clock}`}`
  return written === 'P' ? 'PT0S' : written
}

const FOUR_DIGITS = /^\d{4}-[^C]*$/
const TIMESTAMPTZ = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?([-+]\d\d(?::\d\d){0,2})$/
const INTERVAL =
  /^(?:([-+]?\d+) years? ?)?(?:([-+]?\d+) mons? ?)?(?:([-+]?\d+) days? ?)?(?:([-+])?(\d+):(\d\d):(\d\d(?:\.\d+)?))?$/

/** Returns undefined where the year in UTC is one that RFC 3339 cannot write. */
function toUtc(local: string, offset: string): string | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number)
  const ahead = (offset.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
  const utc = new Date(Date.parse(local) - ahead * 1000).toISOString()
  return /^\d{4}-/.test(utc) && !utc.startsWith('0000') ? utc.slice(0, 19) : undefined
}

/** Returns the text as it is; throws a ValueError where a server of another DateStyle would read it differently. */
function asIso(text: string): string {
  if (/^-?infinity$|^\d{4,6}-\d\d-\d\d|^P/.test(text)) return text
  throw new ValueError(
    `it is not written in DateStyle ISO and IntervalStyle postgres; set them for this role or server`,
  )
}

const isDate = (value: unknown): value is Date => types.isDate(value)

/** A Date as Postgres reads it: its UTC time with a Z, in any year. */
function dateText(value: Date): string {
  if (Number.isNaN(value.getTime())) throw new ValueError('an invalid Date')
  return toPostgresYear(value.toISOString())
}

/** A value of Temporal as Postgres reads it; undefined where it is not of this class. */
function temporalText(value: unknown, name: string): string | undefined {
  if (Object.prototype.toString.call(value) !== `[object Temporal.${name}]`) return undefined
  // Each class of Temporal has such a toString.
  const text = (value as { toString(options: object): string }).toString({ calendarName: 'never' })
  if (/\.\d{7}/.test(text))
    throw new ValueError(
      "a time with nanoseconds, of which Postgres keeps microseconds: write value.round('microsecond')",
    )
  return name === 'Duration' ? signEach(text) : toPostgresYear(text)
}

/** ISO 8601 has six digits for years beyond 9999 and a year 0; Postgres has as many digits as needed, and BC. */
function toPostgresYear(text: string): string {
  const [, sign, digits, rest = ''] =
    /^([-+])(\d{6})(.*)$/.exec(text) ?? (text.startsWith('0000') ? ['', '-', '0', text.slice(4)] : [])
  if (!sign) return text
  const year = sign === '+' ? Number(digits) : Number(digits) + 1
  return `${String(year).padStart(4, '0')}${rest}${sign === '-' ? ' BC' : ''}`
}

/** Moves the sign from the duration to each of its parts: Postgres reads none before the P. */
const signEach = (text: string) => (text.startsWith('-') ? text.slice(1).replaceAll(/[\d.]+/g, '-$&') : text)
