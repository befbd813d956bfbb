import { afterEach, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { startTcpProxy, throughProxy } from '../../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { collectLog } from '../test-support.ts'
import { openListener } from './listener.ts'

const { url } = testDatabase()
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open({ askEveryMs: pingIntervalMs = 100 } = {}) {
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })
  const { log, messages } = collectLog()
  const received: string[] = []
  const channel = openListener(throughProxy(url, proxy), ['a-channel', 'b'], {
    ...{ onNotify: (name, payload) => received.push(`${name}: ${payload}`), log, pingIntervalMs },
  })
  closers.push(proxy.close, channel.close)
  const count = (message: string) => messages().filter((one) => one === message).length
  const isUp = (times: number) => () => count('the database channel is up') === times
  return { proxy, channel, received, count, isUp }
}

async function notify(payload: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`select pg_notify('a-channel', '${payload}')`)
  await client.end()
}

it.each([
  ['is forgotten on its way', 'forget'],
  ['is cut', 'cut'],
  ['is half-closed', 'halfClose'],
] as const)(
  'comes back by itself where its connection %s',
  async (_what, how) => {
    const { proxy, received, count, isUp } = await open()
    await untilTrue(isUp(1))
    proxy[how]()
    await untilTrue(isUp(2), { what: 'the channel is up again', limitMs: 30_000 })
    await notify('hello')
    await untilTrue(() => received.length > 0, { what: 'a notification' })
    expect(received).toEqual(['a-channel: hello'])
    expect(count('the database channel is down')).toBe(1)
  },
  60_000,
)

it('reconnects where the host did not respond while it connected', async () => {
  const { proxy, isUp } = await open()
  await untilTrue(isUp(1))
  proxy.silence()
  proxy.cut()
  await untilTrue(() => proxy.connections() > 0, { what: 'an attempt that gets no response' })
  proxy.clear()
  await untilTrue(isUp(2), { what: 'the channel is up again', limitMs: 30_000 })
})

it('closes where the server does not respond', async () => {
  const { proxy, channel, isUp } = await open({ askEveryMs: 60_000 })
  await untilTrue(isUp(1))
  proxy.silence()
  await channel.close()
  expect(proxy.connections()).toBe(0)
})
