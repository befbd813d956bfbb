import { expect, it } from '@jest/globals'
import { createCronTimes } from './cron-times.ts'

const HOUR_MS = 3_600_000

/** The times between two moments, as those of UTC: forwards, and the same backwards. */
function between(cron: string, timeZone: string, [from, hours]: readonly [string, number]): readonly string[] {
  const times = createCronTimes({ cron, timeZone })
  const end = new Date(new Date(from).getTime() + hours * HOUR_MS)
  const found: Date[] = []
  // `next` is what comes after, and the first moment is among them.
  for (let at = times.next(new Date(new Date(from).getTime() - 1)); at && at <= end; at = times.next(at)) found.push(at)
  expect(times.last(found.length, end)).toEqual(found)
  return found.map((at) => at.toISOString().slice(5, 16))
}

// Each from midnight of the day on which the clocks change, for a day and the next morning.
const BERLIN_SPRING = ['2026-03-28T23:00:00Z', 30] as const
const BERLIN_AUTUMN = ['2026-10-24T22:00:00Z', 30] as const
const SYDNEY_SPRING = ['2026-10-03T14:00:00Z', 30] as const
const SYDNEY_AUTUMN = ['2026-04-04T13:00:00Z', 30] as const
const LORD_HOWE_SPRING = ['2026-10-03T13:30:00Z', 30] as const
const LORD_HOWE_AUTUMN = ['2026-04-04T13:00:00Z', 30] as const

it.each([
  // 02:30 is left out: the moment after is 03:00, 01:00 UTC.
  ['30 2 * * *', 'Europe/Berlin', BERLIN_SPRING, ['03-29T01:00', '03-30T00:30']],
  // Shown twice: the first one.
  ['30 2 * * *', 'Europe/Berlin', BERLIN_AUTUMN, ['10-25T00:30', '10-26T01:30']],
  ['0,30 2 * * *', 'Europe/Berlin', BERLIN_AUTUMN, ['10-25T00:00', '10-25T00:30', '10-26T01:00', '10-26T01:30']],
  ['30 2 * * *', 'Australia/Sydney', SYDNEY_SPRING, ['10-03T16:00', '10-04T15:30']],
  ['30 2 * * *', 'Australia/Sydney', SYDNEY_AUTUMN, ['04-04T15:30', '04-05T16:30']],
  // Half an hour: 02:00 to 02:30 is left out, 01:30 to 02:00 is there twice.
  ['15 2 * * *', 'Australia/Lord_Howe', LORD_HOWE_SPRING, ['10-03T15:30', '10-04T15:15']],
  ['45 1 * * *', 'Australia/Lord_Howe', LORD_HOWE_AUTUMN, ['04-04T14:45', '04-05T15:15']],
])('%s in %s fires once a day where the clocks change (%j)', (cron, timeZone, period, times) => {
  expect(between(cron, timeZone, period)).toEqual(times)
})

it.each([
  ['Europe/Berlin', BERLIN_SPRING],
  ['Europe/Berlin', BERLIN_AUTUMN],
  ['Australia/Sydney', SYDNEY_SPRING],
  ['Australia/Sydney', SYDNEY_AUTUMN],
  ['Australia/Lord_Howe', LORD_HOWE_SPRING],
  ['Australia/Lord_Howe', LORD_HOWE_AUTUMN],
])('what fires every ten minutes in %s goes on as time passes (%j)', (timeZone, period) => {
  const [from, hours] = period
  const all = Array.from({ length: hours * 6 + 1 }, (_, n) => new Date(new Date(from).getTime() + n * 600_000))
  expect(between('*/10 * * * *', timeZone, period)).toEqual(all.map((at) => at.toISOString().slice(5, 16)))
})

it('the times up to a moment are those of its second, too', () => {
  const times = createCronTimes({ cron: '*/10 * * * * *', timeZone: 'UTC' })
  const last = (at: string) =>
    times
      .last(1, new Date(`2026-01-01T00:00:${at}Z`))[0]
      ?.toISOString()
      .slice(17, 19)
  expect(['09.999', '10.000', '10.001', '19.999', '20.000'].map(last)).toEqual(['00', '10', '10', '10', '20'])
  const next = (at: string) =>
    times
      .next(new Date(`2026-01-01T00:00:${at}Z`))
      ?.toISOString()
      .slice(17, 19)
  expect(['09.999', '10.000', '10.001'].map(next)).toEqual(['10', '20', '20'])
})
