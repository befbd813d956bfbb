import { afterEach, expect, it } from '@jest/globals'
import type { Redis } from 'ioredis'
import { mountSecret } from '../../test/support/mounted-secret.ts'
import { itWithRedis, testRedis } from '../../test/support/redis.ts'
import { startTcpProxy, throughProxy } from '../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../test/support/until.ts'
import { liveSetting } from '../kernel/index.ts'
import { createOutageReporter, redis as resource } from './redis.ts'
import { collectLog, configOf, testBindContext } from './test-support.ts'

const opened: (Redis | undefined)[] = []
afterEach(async () => {
  for (const client of opened.splice(0)) await resource.close?.(client)
})

function open(env: Readonly<Record<string, string>>) {
  const collected = collectLog()
  const client = resource.open(configOf(env), collected.log)
  opened.push(client)
  return { redis: resource.bind(client, testBindContext()), ...collected }
}

/** On a busy machine, the first commands may take longer than their second. */
const untilReachable = (redis: Redis | undefined) =>
  untilTrue(async () => (await redis?.ping().catch(() => '')) === 'PONG', { what: 'a Redis that answers' })

it('a handler gets undefined without a REDIS_URL', () => {
  expect(open({}).redis).toBeUndefined()
})

itWithRedis('a handler gets Redis, which connects with the first command', async () => {
  const server = await testRedis()
  const { redis, lines } = open({ REDIS_URL: server.url })
  expect(redis?.status).toBe('wait')
  await server.start()
  await untilReachable(redis)
  expect([await redis?.set('a', 'b'), await redis?.get('a'), lines]).toEqual(['OK', 'b', []])
})

itWithRedis(
  'a handler follows the address in a file: a password at the next connection, another server at once',
  async () => {
    const [first, second] = [await testRedis(), await testRedis()]
    await Promise.all([first.start(), second.start()])
    const secret = mountSecret({ url: first.url })
    const config = configOf({ REDIS_URL_FILE: secret.file('url') })
    const { log } = collectLog()
    const client = resource.open(config, log)
    opened.push(client)
    await untilReachable(client)
    await client?.set('where', 'first')
    await client?.call('acl', ['setuser', 'default', 'resetpass', '>a-new-password'])
    const withPassword = first.url.replace('//', '//:a-new-password@')
    secret.replace({ url: withPassword })
    await liveSetting(config, 'REDIS_URL', log).refresh()
    expect(await client?.get('where')).toBe('first')
    client?.disconnect(true)
    await untilReachable(client)
    expect(await client?.get('where')).toBe('first')
    secret.replace({ url: second.url })
    await liveSetting(config, 'REDIS_URL', log).refresh()
    await untilTrue(async () => (await client?.get('where').catch(() => 'none')) === null, { what: 'the other server' })
    secret.remove()
  },
)

itWithRedis('a Redis that is killed fails commands until it is back, with a log line each way', async () => {
  const server = await testRedis()
  await server.start()
  const { redis, messages } = open({ REDIS_URL: server.url })
  await untilReachable(redis)
  await server.kill()
  for (let i = 0; i < 3; i++) await expect(redis?.get('a')).rejects.toThrow()
  await server.start()
  await untilReachable(redis)
  expect(messages()).toEqual(['redis is not reachable; going on without it', 'redis is reachable again'])
})

itWithRedis('a Redis that hangs fails a command after a second', async () => {
  const server = await testRedis()
  await server.start()
  const { redis } = open({ REDIS_URL: server.url })
  await untilReachable(redis)
  server.hold()
  await expect(redis?.get('a')).rejects.toThrow('Command timed out')
})

itWithRedis(
  'a connection that a middlebox has dropped is replaced',
  async () => {
    const server = await testRedis()
    await server.start()
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
    const { redis } = open({ REDIS_URL: throughProxy(server.url, proxy) })
    await untilReachable(redis)
    proxy.forget()
    await expect(redis?.get('a')).rejects.toThrow('Command timed out')
    await untilReachable(redis)
    proxy.silence()
    await expect(redis?.get('a')).rejects.toThrow()
    proxy.clear()
    await untilReachable(redis)
    await proxy.close()
  },
  60_000,
)

itWithRedis('a password that is wrong is not shown', async () => {
  const server = await testRedis()
  await server.start()
  await open({ REDIS_URL: server.url }).redis?.config('SET', 'requirepass', 'right')
  const { redis, lines } = open({ REDIS_URL: server.url.replace('//', '//:secret@') })
  await expect(redis?.get('a')).rejects.toThrow('WRONGPASS')
  expect(lines.map((line) => JSON.parse(line).reason)).toEqual(['WRONGPASS'])
  expect(lines.join()).not.toContain('secret')
})

/** A reporter with a clock that the test sets. */
function setUpReporter(options: { readonly minOutageMs?: number; readonly reportsInitialState?: boolean }) {
  const { log, messages } = collectLog()
  const clock = { ms: 0 }
  const report = createOutageReporter(log, { lost: 'lost', restored: 'restored' }, { ...options, now: () => clock.ms })
  const at = (ms: number, isUp: boolean) => {
    clock.ms = ms
    report(isUp, new Error('slow'))
    return messages()
  }
  return { at }
}

it('an outage is logged once it has lasted, and its end once', () => {
  const { at } = setUpReporter({ minOutageMs: 2_000 })
  for (const ms of [0, 0, 500, 1_999]) expect(at(ms, false)).toEqual([])
  for (const ms of [2_000, 2_500]) expect(at(ms, false)).toEqual(['lost'])
  for (const ms of [3_000, 3_001]) expect(at(ms, true)).toEqual(['lost', 'restored'])
})

it('failed commands between successful ones are no outage, however many', () => {
  const { at } = setUpReporter({ minOutageMs: 2_000 })
  for (let ms = 0; ms < 10_000; ms += 500) expect(at(ms, ms % 1_000 > 0)).toEqual([])
})

it('the logged state holds until an outage has lasted', () => {
  const { at } = setUpReporter({ minOutageMs: 2_000, reportsInitialState: true })
  expect(at(0, true)).toEqual(['restored'])
  expect(at(1, false)).toEqual(['restored'])
  expect(at(2_001, false)).toEqual(['restored', 'lost'])
})

it.each([
  [true, ['restored']],
  [false, ['lost']],
])('the initial state is logged at once with reportsInitialState: %s', (isUp, logged) => {
  expect(setUpReporter({ minOutageMs: 2_000, reportsInitialState: true }).at(0, isUp)).toEqual(logged)
})

it('without minOutageMs, every outage is logged at once', () => {
  const { at } = setUpReporter({})
  expect([at(0, true), at(0, false), at(0, false), at(0, true)].at(-1)).toEqual(['lost', 'restored'])
})
