import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet } from './contract-set.ts'
import type { Deprecation } from './deprecation.ts'
import { endpoint } from './endpoint.ts'

const build = (name: string, deprecated?: unknown) =>
  endpoint({
    ...{ name, summary: 'Read.', method: 'GET', path: `/v1/${name}`, access: {} },
    reply: { status: 200, body: z.object({ id: z.string() }) },
    ...(deprecated === undefined ? {} : { deprecated: deprecated as Deprecation }),
  })

describe('a deprecation', () => {
  it.each([
    ['without a day', {}, /since must be a day, such as 2026-11-30/],
    ['that is only true', true, /`deprecated` says since when/],
    ['of a day that there is not', { since: '2026-02-30' }, /since must be a day/],
    ['with a time', { since: '2026-11-30T00:00:00Z' }, /since must be a day/],
    ['that ends before it begins', { since: '2026-11-30', sunset: '2026-11-30' }, /sunset must come after/],
    [
      'that is misspelt',
      { since: '2026-11-30', until: '2027-01-01' },
      /unknown property `until`; allowed: since, sunset, use/,
    ],
  ])('%s is refused', (_, deprecated, sentence) => {
    expect(() => build('get-old', deprecated)).toThrow(sentence)
  })

  it('names an endpoint that is there, and stays', () => {
    const old = build('get-old', { since: '2026-11-30', use: 'get-new' })
    const setOf = (...all: ReturnType<typeof build>[]) =>
      contractSet(Object.fromEntries(all.map((one) => [one.name, one])), {})
    expect(() => setOf(old)).toThrow('functions/get-old/contract.ts: deprecated.use "get-new" is no endpoint')
    expect(() => setOf(old, build('get-new', { since: '2026-12-01' }))).toThrow('is deprecated as well')
    expect(setOf(old, build('get-new')).routes[0]).toMatchObject({ deprecated: { use: 'get-new' } })
  })
})
