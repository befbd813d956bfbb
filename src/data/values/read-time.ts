import { ValueFault } from './value-fault.ts'

/** Postgres' own text of a date: YYYY-MM-DD; years beyond 9999, BC and infinity as Postgres writes them. */
export const readDate = (text: string): string => asIso(text)

/** YYYY-MM-DDTHH:MM:SS with the digits that there are; what ISO 8601 has no form for, as Postgres writes it. */
export const readTimestamp = (text: string): string => (FOUR_DIGITS.test(text) ? text.replace(' ', 'T') : asIso(text))

/** RFC 3339 in UTC with six digits, so that texts sort as times do; what it has no form for, as Postgres writes it. */
export function readTimestamptz(text: string): string {
  const [, day, time, fraction = '', offset = ''] = TIMESTAMPTZ.exec(text) ?? []
  if (!day) return asIso(text)
  const utc = offset === '+00' ? `${day}T${time}` : toUtc(`${day}T${time}Z`, offset)
  return utc ? `${utc}.${fraction.padEnd(6, '0')}Z` : text
}

/** ISO 8601, as Postgres itself writes it (intervalstyle iso_8601); infinity as Postgres writes it. */
export function readInterval(text: string): string {
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

/** Undefined where UTC has another year than RFC 3339 can write. */
function toUtc(local: string, offset: string): string | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number)
  const ahead = (offset.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
  const utc = new Date(Date.parse(local) - ahead * 1000).toISOString()
  return /^\d{4}-/.test(utc) && !utc.startsWith('0000') ? utc.slice(0, 19) : undefined
}

/** What is left as it is must be what goes in again: a server of another style would read it otherwise. */
function asIso(text: string): string {
  if (/^-?infinity$|^\d{4,6}-\d\d-\d\d|^P/.test(text)) return text
  throw new ValueFault(
    `it is not written in DateStyle ISO and IntervalStyle postgres; set them for this role or server`,
  )
}
