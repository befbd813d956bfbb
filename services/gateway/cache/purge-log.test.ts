import { describe, expect, it } from '@jest/globals'
import type { ReadPurge } from '../../../src/data/purges.ts'
import { createPurgeLog } from './purge-log.ts'

const product = { tags: ['product:17', 'products'], route: 'get-product', url: '/v1/products/17?size=2' }
const purge = (kind: ReadPurge['kind'], value: string, xid: number, origin: string | null = null) => ({
  ...{ kind, value, xid, origin },
})

describe('a response is purged', () => {
  it.each([
    ['tag', 'products'],
    ['route', 'get-product'],
    ['url', '/v1/products/17?size=2'],
  ] as const)('by its %s %s, where it was asked for before that was committed', (kind, value) => {
    const log = createPurgeLog({ windowMs: 1_000 })
    log.add([purge(kind, value, 12)], '15:15:')
    const at = ['12:12:', '11:14:12', '11:14:11', '15:15:']
    expect(at.map((snapshot) => log.isPurged(product, snapshot))).toEqual([true, true, false, false])
  })

  it('and not by what others can be purged by', () => {
    const log = createPurgeLog({ windowMs: 1_000 })
    log.add(
      [purge('tag', 'product', 12), purge('url', '/v1/products/17', 12), purge('route', 'products', 12)],
      '15:15:',
    )
    expect(log.isPurged(product, '5:5:')).toBe(false)
  })
})

it('everything is purged until it is known what was', () => {
  const log = createPurgeLog({ windowMs: 1_000 })
  expect(log.isPurged(product, '5:5:')).toBe(true)
  log.add([], '5:5:')
  expect(log.isPurged(product, '5:5:')).toBe(false)
})

it('two transactions of one call both count; a later call makes an earlier one superfluous', () => {
  const log = createPurgeLog({ windowMs: 1_000 })
  log.add([purge('tag', 'products', 12), purge('tag', 'products', 14)], '15:15:')
  // 14 was committed, 12 was not: it came later.
  expect(log.isPurged(product, '12:15:12')).toBe(true)
  log.add([purge('tag', 'products', 13)], '16:16:')
  expect(log.isPurged(product, '13:16:13')).toBe(true)
  expect(log.isPurged(product, '16:16:')).toBe(false)
})

it('a purge of this gateway holds before the database has it', () => {
  const log = createPurgeLog({ windowMs: 1_000 })
  log.add([], '5:5:')
  log.addPending({ kind: 'tag', value: 'products' })
  log.addPending({ kind: 'tag', value: 'products' })
  expect(log.isPurged(product, '99:99:')).toBe(true)
  log.add([purge('tag', 'products', 6, 'me')], '7:7:')
  expect(log.isPurged(product, '99:99:')).toBe(true)
  log.add([purge('tag', 'products', 8, 'me')], '9:9:')
  expect([log.isPurged(product, '7:7:'), log.isPurged(product, '9:9:')]).toEqual([true, false])
})

it('too many, and everything until then is purged; those that are too old to matter are forgotten', () => {
  let time = 0
  const log = createPurgeLog({ windowMs: 1_000, maxEntries: 2, now: () => time })
  log.add([purge('tag', 'a', 12), purge('tag', 'b', 12)], '15:15:')
  expect(log.isPurged(product, '15:15:')).toBe(false)
  log.add([purge('tag', 'c', 16)], '17:17:')
  expect(['15:15:', '17:17:', '17:18:'].map((snapshot) => log.isPurged(product, snapshot))).toEqual([true, true, false])
  time = 2_000
  log.add([purge('tag', 'products', 20)], '21:21:')
  time = 4_000
  log.add([], '22:22:')
  expect(log.isPurged(product, '18:19:')).toBe(false)
})
