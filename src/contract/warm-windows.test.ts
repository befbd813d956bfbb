import { expect, it } from '@jest/globals'
import type { WarmWindow } from './deployment-shape.ts'
import { isWarm } from './warm-windows.ts'

const work: WarmWindow = { from: '08:00', to: '18:30', days: ['mon', 'fri'], timeZone: 'Europe/Berlin' }
const night: WarmWindow = { from: '22:00', to: '02:00', days: ['sun'] }

it.each<[boolean, string, WarmWindow, string]>([
  // Berlin is two hours ahead in July, one in January; 2026-07-06 is a Monday.
  [true, 'at its first minute', work, '2026-07-06T06:00:00Z'],
  [false, 'a minute before', work, '2026-07-06T05:59:59Z'],
  [false, 'at its end', work, '2026-07-06T16:30:00Z'],
  [true, 'by the clock of the winter', work, '2026-01-05T07:00:00Z'],
  [false, 'which is an hour later', work, '2026-01-05T06:30:00Z'],
  [false, 'on another day', work, '2026-07-07T08:00:00Z'],
  [true, 'on its other day', work, '2026-07-10T08:00:00Z'],
  [true, 'before midnight', night, '2026-07-05T23:59:00Z'],
  [true, 'after midnight, on the day after', night, '2026-07-06T01:59:00Z'],
  [false, 'after its end', night, '2026-07-06T02:00:00Z'],
  [false, 'in the night before', night, '2026-07-05T01:00:00Z'],
  [true, 'all day', { from: '00:00', to: '24:00' }, '2026-07-05T00:00:00Z'],
])('%s %s', (expected, _, window, at) => {
  expect(isWarm([window], new Date(at))).toBe(expected)
})

it('is in any of several, and in none of none', () => {
  const at = new Date('2026-07-05T23:00:00Z')
  expect([isWarm([work, night], at), isWarm([], at)]).toEqual([true, false])
})
