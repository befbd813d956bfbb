import { expect } from '@jest/globals'
import { itWithRedis, testRedis } from '../support/redis.ts'
import { FIND, statusesOf, things } from './things.ts'

const { start, receive } = things()

const TRACES = ['1', '2', '3', '4'].map((digit) => digit.repeat(32))

itWithRedis('a command that waits for the connection is in the trace of the request that sent it', async () => {
  const redis = await testRedis()
  await redis.start()
  const receiver = await receive()
  const fn = await start('find-thing', { receiver, env: { REDIS_URL: redis.url } })
  const ask = (traceId: string) =>
    statusesOf(fn, { ...FIND, headers: { traceparent: `00-${traceId}-${'d'.repeat(16)}-01` } })
  expect(await Promise.all(TRACES.map(ask))).toEqual(TRACES.map(() => [200]))
  expect(await fn.stop()).toBe(0)
  const gets = receiver.spans().filter(({ name }) => name === 'get')
  expect(gets.map(({ traceId }) => traceId).sort()).toEqual(TRACES)
})
