import { expect, it } from '@jest/globals'
import { event, type Retry, schedule, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { triggersOf } from './triggers.ts'

const on = event({ type: 'user.created', data: z.object({ id: z.string() }) })
const triggerOf = (retry?: Retry) => {
  const contract = subscriber({ name: 'send-welcome', summary: 'Welcome.', on, ...(retry ? { retry } : {}) })
  return triggersOf({ 'send-welcome': contract }).get('send-welcome')
}

it.each<[string, Retry | undefined, object]>([
  ['ten attempts', undefined, { retry: 9, backoffPolicy: 'exponential', backoffDelay: 'PT1S' }],
  ['one attempt', { attempts: 1 }, { retry: 0, backoffPolicy: 'exponential', backoffDelay: 'PT1S' }],
  [
    'short delays',
    { minDelayMs: 250, attempts: 5 },
    { retry: 4, backoffPolicy: 'exponential', backoffDelay: 'PT0.3S' },
  ],
  ['a hundred attempts', { attempts: 100 }, { retry: 99, backoffPolicy: 'linear', backoffDelay: 'PT3.1S' }],
  [
    'long delays',
    { attempts: 20, minDelayMs: 1_000, maxDelayMs: 86_400_000 },
    { retry: 19, backoffPolicy: 'linear', backoffDelay: 'PT4547.4S' },
  ],
])('%s of a contract as a Trigger says them', (_what, retry, delivery) => {
  expect(triggerOf(retry)).toEqual({ type: 'user.created', ...delivery })
})

it('none for a schedule, and none for a rate', () => {
  const rate = { requests: 1, perSeconds: 1 }
  const contracts = {
    'ask-partner': subscriber({ name: 'ask-partner', summary: 'Ask.', on, rate }),
    'count-users': schedule({ name: 'count-users', summary: 'Count.', cron: '0 3 * * *' }),
  }
  expect(triggersOf(contracts).size).toBe(0)
})
