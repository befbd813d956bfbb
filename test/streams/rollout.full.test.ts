import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from '@jest/globals'
import { EventSource } from 'eventsource'
import { createClient } from '../../src/client/index.ts'
import { untilTrue } from '../support/until.ts'
import watchTicks from './functions/watch-ticks/contract.ts'
import { startParts } from './start-parts.ts'
import { measureDownload, measureUpload } from './transfer.ts'

const TICK_MS = 10

const closers: (() => void)[] = []
afterAll(() => {
  for (const close of closers.splice(0)) close()
})

/** A clock that ticks until it is over, and tells everybody who asks how far it is once there is more. */
async function startClock() {
  let [last, isOver] = [0, false]
  let waiting: (() => void)[] = []
  const tell = () => {
    for (const answer of waiting.splice(0)) answer()
  }
  const server = createServer((request, response: ServerResponse) => {
    const after = Number(new URL(request.url ?? '', 'http://clock').searchParams.get('after'))
    const answer = () => void response.end(JSON.stringify({ last, isOver }))
    if (last > after || isOver) answer()
    else waiting = [...waiting, answer]
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const timer = setInterval(() => {
    last++
    tell()
  }, TICK_MS)
  closers.push(() => {
    clearInterval(timer)
    server.close().closeAllConnections()
  })
  const end = () => {
    clearInterval(timer)
    isOver = true
    tell()
    return last
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, end }
}

it('clients see every event once, in order, while function and gateway are replaced', async () => {
  const clock = await startClock()
  await using stack = new AsyncDisposableStack()
  const parts = await startParts('watch-ticks', { TICKS_URL: clock.url })
  stack.defer(parts.close)

  const byEventSource: number[] = []
  let connections = 0
  const source = new EventSource(`${parts.url}/v1/ticks`)
  stack.defer(() => source.close())
  source.addEventListener('open', () => connections++)
  source.addEventListener('tick', ({ data }) => void byEventSource.push(JSON.parse(data).n))

  const byClient: number[] = []
  const client = createClient({ watchTicks }, { baseUrl: parts.url })
  const result = await client.watchTicks()
  if (!result.ok) throw new Error(result.message)
  const reading = (async () => {
    for await (const { data } of result.data) byClient.push(data.n)
  })()

  const untilBothHave = (more: number) => {
    const target = Math.max(byEventSource.length, byClient.length) + more
    return untilTrue(() => byEventSource.length >= target && byClient.length >= target)
  }
  await untilBothHave(20)
  await parts.replaceFunction()
  await untilBothHave(20)
  await parts.replaceGateway()
  await untilBothHave(20)
  const last = clock.end()
  await reading
  await untilTrue(() => byEventSource.length >= last)
  const all = Array.from({ length: last }, (_, i) => i + 1)
  expect([byClient, byEventSource]).toEqual([all, all])
  expect(connections).toBeGreaterThanOrEqual(3)
})

it('an upload and a download take no memory to speak of', async () => {
  const bytes = 128 * 2 ** 20
  for (const measure of [measureUpload, measureDownload]) {
    const { bytes: arrived, gatewayMiB, functionMiB } = await measure(bytes)
    expect(arrived).toBe(bytes)
    expect(gatewayMiB).toBeLessThan(64)
    expect(functionMiB).toBeLessThan(64)
  }
})
