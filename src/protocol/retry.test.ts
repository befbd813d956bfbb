import { describe, expect, it } from '@jest/globals'
import { parseRetryAfter, retryDelayMs } from './retry.ts'

describe('retryDelayMs', () => {
  const limits = { initialMs: 1_000, maxMs: 60_000 }

  it.each([
    [1, 0, 0],
    [1, 0.5, 500],
    [2, 0.5, 1_000],
    [4, 0.5, 4_000],
    [100, 0.5, 30_000],
  ])('after attempt %i draws from nothing to the doubled ceiling (%d gives %i ms)', (attempt, drawn, expected) => {
    expect(retryDelayMs(attempt, { ...limits, random: () => drawn })).toBe(expected)
  })

  it.each([
    [1, 0.9, 1_000],
    [2, 0, 1_000],
    [2, 0.5, 1_500],
    [4, 0.5, 4_500],
    [100, 0, 1_000],
    [100, 0.5, 30_500],
  ])('after attempt %i draws from the minimum, where there is one (%d gives %i ms)', (attempt, drawn, expected) => {
    expect(retryDelayMs(attempt, { ...limits, minMs: 1_000, random: () => drawn })).toBe(expected)
  })

  it.each([
    [1, 5_000, 5_000],
    [1, 10, 1_000],
    [4, 5_000, 8_500],
    [4, 10, 4_500],
  ])(
    'after attempt %i with a Retry-After of %d ms waits %i ms: the jitter comes on top',
    (attempt, retryAfterMs, ms) => {
      expect(retryDelayMs(attempt, { ...limits, minMs: 1_000, retryAfterMs, random: () => 0.5 })).toBe(ms)
    },
  )
})

describe('parseRetryAfter', () => {
  const date = 'Tue, 24 Nov 2026 10:00:00 GMT'

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Tue, 24 Nov 2026 10:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('reads %p as %p ms', (value, expected) => {
    expect(parseRetryAfter(value, date)).toBe(expected)
  })

  it.each([undefined, null, 'no date'])('compares with our own clock where the response has the date %p', (none) => {
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString()
    expect(parseRetryAfter(inAnHour, none)).toBeGreaterThan(3_500_000)
  })
})
