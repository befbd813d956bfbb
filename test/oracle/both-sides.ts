import { afterAll, beforeAll } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { testRedis } from '../support/redis.ts'
import { buildOurs, checkoutWithThings } from './build-ours.ts'
import { type Observed, observe } from './observe.ts'
import type { How } from './run-function.ts'
import { THINGS } from './thing.ts'

/** Lets tests of one file look at both sides: each is observed once, by the first test that asks. */
export function bothSides() {
  const databases = { official: testDatabase(), again: testDatabase(), ours: testDatabase() }
  let checkout: Awaited<ReturnType<typeof checkoutWithThings>> | undefined
  beforeAll(async () => {
    for (const { ownerUrl } of Object.values(databases)) {
      const client = new pg.Client({ connectionString: ownerUrl })
      await client.connect()
      await client.query(THINGS).finally(() => client.end())
    }
  })
  afterAll(() => checkout?.remove())

  const look = async (whose: keyof typeof databases, how: How) => {
    const redis = await testRedis()
    await redis.start()
    return observe(how, { databaseUrl: databases[whose].url, redisUrl: redis.url })
  }
  return {
    official: once(() => look('official', { how: 'official' })),
    again: once(() => look('again', { how: 'official' })),
    ours: once(async () => {
      checkout = await checkoutWithThings()
      return look('ours', { how: 'ours', build: buildOurs(checkout.root) })
    }),
  }
}

function once(observing: () => Promise<Observed>): () => Promise<Observed> {
  let made: Promise<Observed> | undefined
  return () => {
    made ??= observing()
    return made
  }
}
