import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { untilTrue } from '../../test/support/until.ts'
import { attemptsOf, countStates, emit, emitAll, emptyOutbox, query } from './test-outbox.ts'
import { closeLater, relayEnv, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

const MIB = 1024 * 1024
/** As text it has so many bytes. */
const dataOf = (bytes: number) => ({ text: 'x'.repeat(bytes - Buffer.byteLength('{"text": ""}')) })
const settled = (count: number) =>
  untilTrue(async () => (await countStates(url)).done === count, { what: `${count} are done`, limitMs: 170_000 })

/** A subscriber that remembers how long each body was, and keeps none. */
async function startCounter(answer: (response: ServerResponse, count: number) => void) {
  const lengths: number[] = []
  const server = createServer(async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += (chunk as Buffer).length
    answer(response, lengths.push(bytes))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closeLater(() => server.close().closeAllConnections())
  // An http server that listens on a port has this kind of address.
  const { port } = server.address() as AddressInfo
  return { lengths, template: `http://127.0.0.1:${port}/{name}` }
}

function spawnRelay(env: Record<string, string>) {
  const child = spawn(process.execPath, ['services/relay/index.ts'], { env, stdio: 'ignore' })
  closeLater(() => child.kill('SIGKILL'))
  return child
}

it('an event of 16 MiB whose relay is killed while it is sent arrives whole by another relay', async () => {
  const { lengths, template } = await startCounter((response, count) => {
    if (count > 1) response.writeHead(204).end()
  })
  const env = await relayEnv(url, template, [subscription('send-welcome')])
  const first = spawnRelay(env)
  const id = await emit(url, { payload: dataOf(16 * MIB) })
  await until('it is in flight', () => lengths.length === 1)
  first.kill('SIGKILL')
  await once(first, 'exit')
  await query(url, `update ebb.delivery set locked_until = now() - interval '1 ms'`)
  spawnRelay(env)
  await settled(1)
  expect(lengths).toEqual([16 * MIB, 16 * MIB])
  expect(await attemptsOf(url, id)).toMatchObject([{ error: 'the relay was lost' }, { status: 204 }])
})

it('50 events of 16 MiB leave a relay within the memory that the chart gives it', async () => {
  // 800 MiB, of which not all may be in flight: an answer waits until two are, or for two seconds, since the last may be alone.
  const waiting: ServerResponse[] = []
  const answerAll = () => {
    for (const one of waiting.splice(0)) one.writeHead(204).end()
  }
  const { lengths, template } = await startCounter((response) => {
    if (waiting.push(response) === 2) answerAll()
    else setTimeout(answerAll, 2_000).unref()
  })
  // Longer than a busy machine needs to read two of them.
  const subscriptions = ['a', 'b', 'c', 'd'].map((name) => subscription(name, { timeoutMs: 60_000 }))
  const child = spawnRelay(await relayEnv(url, template, subscriptions))
  await emitAll(url, { payload: dataOf(16 * MIB), count: 13 })
  await settled(4 * 13)
  expect(lengths).toEqual(Array(4 * 13).fill(16 * MIB))
  const peak = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))
  expect(Number(peak?.[1]) / 1024).toBeLessThan(384)
})
