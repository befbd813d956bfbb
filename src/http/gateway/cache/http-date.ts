const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'
const IMF = new RegExp(`^[a-z]{3}, (\\d\\d) ([a-z]{3}) (\\d{4}) ${TIME} gmt$`, 'i')
const RFC_850 = new RegExp(`^[a-z]{6,9}, (\\d\\d)-([a-z]{3})-(\\d\\d) ${TIME} gmt$`, 'i')
const ASCTIME = new RegExp(`^[a-z]{3} ([a-z]{3}) ([ \\d]\\d) ${TIME} (\\d{4})$`, 'i')

/**
 * Reads an HTTP-date (RFC 9110, 5.6.7) in any of its three forms and in any case (RFC 9111, 4.2), as milliseconds since 1970.
 * Undefined where it is none, or in another time zone than GMT.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const imf = IMF.exec(text)
  if (imf) return toTime(imf[3], imf[2], imf[1], imf.slice(4))
  const rfc850 = RFC_850.exec(text)
  if (rfc850) return toTime(String(fullYear(Number(rfc850[3]), now)), rfc850[2], rfc850[1], rfc850.slice(4))
  const asctime = ASCTIME.exec(text)
  return asctime ? toTime(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6)) : undefined
}

/** A year of two digits that would be more than 50 years ahead is in the past. */
function fullYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + digits
  return year > thisYear + 50 ? year - 100 : year
}

function toTime(year = '', month = '', day = '', time: readonly (string | undefined)[] = []): number | undefined {
  const [hour = 0, minute = 0, second = 0] = time.map(Number)
  const index = MONTHS.indexOf(month.toLowerCase())
  if (index < 0 || hour > 23 || minute > 59 || second > 60) return undefined
  const midnight = Date.UTC(Number(year), index, Number(day))
  return new Date(midnight).getUTCDate() === Number(day)
    ? midnight + ((hour * 60 + minute) * 60 + second) * 1_000
    : undefined
}

/** An HTTP-date for this time. */
export const formatHttpDate = (time: number): string => new Date(time).toUTCString()
