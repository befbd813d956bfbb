import { expect, it } from '@jest/globals'
import { definePlans, type PlanShape } from './plans.ts'

it('what is left out has its default', () => {
  const plans = definePlans({
    free: { rate: { requests: 2, perSeconds: 1 }, quota: { requests: 10, per: 'day' } },
    team: { quota: { requests: 10, per: 'month', timeZone: 'Europe/Berlin' }, concurrency: 5 },
    all: { price: { amount: 99.5, currency: 'EUR', per: 'month' } },
  })
  expect(plans).toEqual({
    free: { rate: { requests: 2, perSeconds: 1, burst: 2 }, quota: { requests: 10, per: 'day', timeZone: 'UTC' } },
    team: { quota: { requests: 10, per: 'month', timeZone: 'Europe/Berlin' }, concurrency: 5 },
    all: { price: { amount: 99.5, currency: 'EUR', per: 'month' } },
  })
})

const rate = { requests: 1, perSeconds: 1 }
const quota = { requests: 1, per: 'day' } as const
const price = { amount: 1, currency: 'EUR', per: 'month' } as const

it.each<[object, string]>([
  [{ rates: rate }, 'unknown property `rates`; allowed: rate, quota, concurrency, price'],
  [{ rate: { ...rate, per: 1 } }, 'unknown property `per`; allowed: requests, perSeconds, burst'],
  [{ rate: { ...rate, requests: 1.5 } }, 'rate.requests must be whole and at least 1'],
  [
    { rate: { requests: 5, perSeconds: 1, burst: 2 } },
    'rate.burst is how many may come at once, and that is never less than rate.requests',
  ],
  [
    { rate: { requests: 1, perSeconds: 90_000 } },
    'rate would refill over more than a day, which is a quota, not a rate; shorten perSeconds or burst',
  ],
  [{ quota: { ...quota, requests: 0 } }, 'quota.requests must be whole and from 1 to 1000000000000'],
  [{ quota: { ...quota, per: 'hour' } }, 'quota.per must be `day` or `month`; for a shorter time, use `rate`'],
  [{ quota: { ...quota, timeZone: 'Mars/Base' } }, 'quota.timeZone "Mars/Base" must be a name such as Europe/Berlin'],
  // Postgres would read it as an hour behind.
  [{ quota: { ...quota, timeZone: '+01:00' } }, 'quota.timeZone "+01:00" must be a name such as Europe/Berlin'],
  [{ quota: { ...quota, burst: 1 } }, 'unknown property `burst`; allowed: requests, per, timeZone'],
  [{ concurrency: 0 }, 'concurrency must be whole and from 1 to 1000'],
  [{ price: { ...price, amount: -1 } }, 'price.amount must be a number of at least 0'],
  [{ price: { ...price, currency: '€' } }, 'price.currency must be a code of ISO 4217, such as EUR'],
  [{ price: { ...price, per: 'day' } }, 'price.per must be `month` or `year`'],
])('%j is refused in one sentence', (shape, sentence) => {
  expect(() => definePlans({ pro: shape as PlanShape })).toThrow(`domain/plans.ts: pro: ${sentence}`)
})

it('a name that a command line or a metric could not carry is refused', () => {
  expect(() => definePlans({ 'Pro plan': {} })).toThrow(
    'domain/plans.ts: Pro plan: a plan must be called by 1 to 40 of a-z, 0-9 and -, beginning with a letter',
  )
})

// @ts-expect-error: a quota is of a day or a month
const _unknownPeriod: PlanShape = { quota: { requests: 1, per: 'hour' } }
