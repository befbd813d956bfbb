import { expect, it } from '@jest/globals'
import { describeSubscriber, schedule } from '../contract/index.ts'
import { checkSchedules } from './check-schedules.ts'

const check = (parts: { readonly cron: string; readonly jitterMs?: number; readonly timeZone?: string }) =>
  checkSchedules([describeSubscriber(schedule({ name: 'count', summary: 'Count.', ...parts }))])

it.each([
  { cron: '0 3 * * mon-fri' },
  { cron: '*/10 * * * * *' },
  { cron: '0 0 29 2 *' },
  { cron: '0 0 L * fri#2' },
  { cron: '0 * * * *', jitterMs: 3_599_999 },
  { cron: '0 0 29 2 *', jitterMs: 3_600_000 },
])('%j', (parts) => {
  expect(() => check(parts)).not.toThrow()
})

it.each([
  [
    { cron: '60 3 * * *' },
    'cron "60 3 * * *" cannot be read (Invalid value for minute: 60); write it like 0 3 * * mon-fri',
  ],
  [{ cron: '0 0 * * workdays' }, 'cannot be read'],
  [{ cron: '0 0 30 2 *' }, 'cron "0 0 30 2 *" names no time; there is no such day'],
  [
    { cron: '0,10 * * * *', jitterMs: 600_000 },
    'jitterMs must be less than 600000, after which cron "0,10 * * * *" fires again',
  ],
])('%j is refused', (parts, sentence) => {
  expect(() => check(parts)).toThrow(`functions/count/contract.ts: ${sentence.startsWith('cannot') ? '' : sentence}`)
  expect(() => check(parts)).toThrow(sentence)
})
