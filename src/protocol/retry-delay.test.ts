import { describe, expect, it } from '@jest/globals'
import { parseRetryAfter, retryDelayMs } from './retry-delay.ts'

const bounds = { minDelayMs: 1_000, maxDelayMs: 60_000 }
const AN_HOUR_MS = 3_600_000

describe('retryDelayMs', () => {
  it.each([
    [1, 0.9, 1_000],
    [2, 0, 1_000],
    [2, 0.5, 1_500],
    [4, 0.5, 4_500],
    [100, 0, 1_000],
    [100, 0.5, 30_500],
  ])('after attempt %i draws from the minimum to the doubled cap (%d gives %i ms)', (attempt, drawn, expected) => {
    expect(retryDelayMs(attempt, { ...bounds, random: () => drawn })).toBe(expected)
  })

  it.each([
    [5_000, 5_000],
    [10, 1_000],
    [10 * AN_HOUR_MS, AN_HOUR_MS],
    [Number.POSITIVE_INFINITY, AN_HOUR_MS],
  ])('with a Retry-After of %d ms waits %i ms', (retryAfterMs, expected) => {
    expect(retryDelayMs(1, { ...bounds, retryAfterMs })).toBe(expected)
  })
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
    [undefined, undefined],
  ])('reads %p as %p ms', (value, expected) => {
    expect(parseRetryAfter(value, date)).toBe(expected)
  })
})
