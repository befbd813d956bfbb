import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { toInput } from './strict-schema.ts'
import { toOutput } from './strip-schema.ts'

it.each<[string, z.ZodType, string, boolean]>([
  ['a date', z.iso.date(), '0001-01-01', true],
  ['a date of the year 0', z.iso.date(), '0000-12-31', false],
  ['a date of the year 0 as a check', z.string().date(), '0000-12-31', false],
  ['an instant', z.iso.datetime({ offset: true }), '9999-12-31T23:59:59.123456789+15:59', true],
  ['an instant of the year 0', z.iso.datetime(), '0000-01-01T00:00:00Z', false],
  ['an instant of the year 0, optional', z.iso.datetime().optional(), '0000-01-01T00:00:00Z', false],
  ['an instant with ten decimal places', z.iso.datetime(), '2026-01-01T00:00:00.1234567890Z', false],
  ['an instant 16 hours from UTC', z.iso.datetime({ offset: true }), '2026-01-01T00:00:00-16:00', false],
  ['a local time', z.iso.datetime({ local: true }), '2026-01-01T00:00', true],
  ['a time with ten decimal places', z.iso.time(), '00:00:00.1234567890', false],
  ['a duration', z.iso.duration(), 'P1Y2M3DT4H5M6.789S', true],
  ['a duration beyond an interval', z.iso.duration(), 'P99999999999Y', false],
  ['a duration with a decimal comma', z.iso.duration(), 'PT1,5S', false],
  ['a long fraction of a duration', z.iso.duration(), 'PT1.1234567890S', false],
])('%s: %#', (_what, schema, text, fits) => {
  expect(toInput(schema).safeParse(text).success).toBe(fits)
})

it('a text that is longer than its maximum reaches no pattern after it, and has the message of its contract', () => {
  let checked = 0
  const count = () => {
    checked++
    return true
  }
  const schema = toInput(z.string().max(3, 'Too long').refine(count).meta({ description: 'A name' }))
  expect(schema.safeParse('abcd').error?.issues.map(({ message }) => message)).toEqual(['Too long'])
  expect(checked).toBe(0)
  expect(schema.safeParse('abc').success).toBe(true)
  expect(z.toJSONSchema(schema)).toMatchObject({ maxLength: 3, description: 'A name' })
})

it.each<[string, z.ZodType, string, boolean]>([
  ['at most', z.string().max(2), '\u{1f600}\u{1f600}', true],
  ['more than at most', z.string().max(2), '\u{1f600}\u{1f600}a', false],
  ['at least', z.string().min(2), '\u{1f600}', false],
  ['as many as at least', z.string().min(2), '\u{1f600}\u{1f600}', true],
  ['just as many', z.string().length(2), '\u{1f600}\u{1f600}', true],
  ['not just as many', z.string().length(2), '\u{1f600}', false],
  ['with a format', z.email().max(2), 'a@example.com', false],
])('characters are counted as JSON Schema and Postgres count them: %s', (_, schema, text, fits) => {
  for (const side of [toInput(schema), toOutput(schema)]) expect(side.safeParse(text).success).toBe(fits)
})

it.each([
  [3, 9007199254740990, true],
  [3, 9007199254740991, false],
  [2, -4, true],
  [0.01, 0.07, true],
  [0.01, 0.075, false],
])('a multiple of %d is one to the last digit: %d', (step, n, fits) => {
  expect(toInput(z.number().multipleOf(step)).safeParse(n).success).toBe(fits)
})
