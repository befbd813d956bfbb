import { describe, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { pgbouncer, testPgBouncer } from '../support/pgbouncer.ts'
import { itWhere } from '../support/requirements.ts'
import { SEED } from '../support/seed.ts'
import { findLeaks } from './find-leaks.ts'

const isFull = process.env.EBB_TEST_SCALE === 'full'

describe('three tenants through handlers that forget their where', () => {
  const direct = testDatabase()
  it('read and change no row of each other', async () => {
    const found = await findLeaks({ ...direct, connections: 2, requests: isFull ? 3_000 : 300, seed: SEED })
    expect(found.sent).toBeGreaterThanOrEqual(300)
    // Most statements run: what is refused is what names another tenant.
    expect(found.statuses[200]).toBeGreaterThan(found.sent / 2)
    expect(found.rows).toBeGreaterThan(found.sent)
  })
})

describe('by connections that all of them share', () => {
  const pooled = testDatabase()
  const putBefore = testPgBouncer({ poolSize: 2 })
  itWhere(isFull ? (pgbouncer ? undefined : 'no pgbouncer on PATH') : 'only in npm run test:full')(
    'read and change no row of each other, through PgBouncer in transaction mode',
    async () => {
      const found = await findLeaks({
        ...pooled,
        url: await putBefore(pooled.url),
        connections: 8,
        requests: 1_500,
        seed: SEED,
      })
      expect(found.statuses[200]).toBeGreaterThan(found.sent / 2)
    },
  )
})

describe('a leak', () => {
  const broken = testDatabase()
  it('is found', async () => {
    const sabotage = 'alter table tasks disable row level security'
    await expect(findLeaks({ ...broken, connections: 2, requests: 300, seed: SEED, sabotage })).rejects.toThrow(
      /was answered with|for another tenant/,
    )
  })
})
