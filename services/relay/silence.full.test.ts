import { expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { startTcpProxy, throughProxy } from '../../test/support/tcp-proxy.ts'
import { countStates, emit } from './test-outbox.ts'
import { closeLater, startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

const { url } = testDatabase()

it.each([
  ['that a firewall forgot', 'forget'],
  ['that are cut', 'cut'],
  ['to a host that is silent for a while', 'silence'],
] as const)('delivers by itself after connections %s: nothing is lost', async (_what, how) => {
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })
  closeLater(proxy.close)
  const { received, template } = await startSubscriber()
  const subscriptions = [subscription('send-welcome')]
  const { admin } = await startTestRelay(throughProxy(url, proxy), template, { subscriptions, pollMs: 100 })
  const statusOf = async (path: string) => (await fetch(admin + path)).status
  const doneBefore = (await countStates(url)).done ?? 0

  proxy[how]()
  const id = await emit(url)
  if (how === 'silence') {
    await until('the relay knows', async () => (await statusOf('/_/ready')) === 503)
    expect([await statusOf('/_/health'), received.length]).toEqual([200, 0])
    proxy.clear()
  }
  await until('it is delivered', async () => (await countStates(url)).done === doneBefore + 1)
  expect(received.map(({ headers }) => headers['ce-id'])).toEqual([id])
  await until('it is ready again', async () => (await statusOf('/_/ready')) === 200)
})
