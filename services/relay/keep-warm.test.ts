import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { afterEach, expect, it } from '@jest/globals'
import { parseConfig } from 'ebb/kernel'
import { createUpstreamResolver } from 'ebb/protocol'
import type { Scale } from '../../src/contract/index.ts'
import { untilTrue } from '../../test/support/until.ts'
import { openCaller } from './call-function.ts'
import { keepWarm } from './keep-warm.ts'
import { memoryLog } from './test-support.ts'

const scale = (from: string, to: string): Scale => ({ max: 1, concurrency: 1, warm: [{ from, to }] })
const functions = [
  { name: 'by-day', scale: scale('08:00', '18:00') },
  { name: 'by-night', scale: scale('18:00', '08:00') },
  { name: 'whenever', scale: { max: 1, concurrency: 1 } },
]

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

it('asks each function in its window, again and again, and logs once that one is not ready', async () => {
  const asked: string[] = []
  let status = 204
  const platform = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.writeHead(status).end()
  }).listen(0, '127.0.0.1')
  ends.push(() => platform.close())
  await untilTrue(() => platform.listening, { what: 'the platform' })
  const probe = await openProbe(platform, 'http')
  let time = '12:00'
  const log = memoryLog()
  const warnings = () => log.linesOf('warm-up probe failed')
  const now = () => new Date(`2026-07-06T${time}:00Z`)
  const warm = keepWarm({ functions: () => functions, probe, log, intervalMs: 10, now })
  ends.push(warm.stop)

  await untilTrue(() => asked.length > 3, { what: 'some questions' })
  expect(new Set(asked)).toEqual(new Set(['GET /by-day/_/ready']))
  expect(warnings()).toEqual([])
  status = 503
  await untilTrue(() => warnings().length > 0, { what: 'a warning' })
  asked.length = 0
  await untilTrue(() => asked.length > 3, { what: 'more questions' })
  expect(warnings()).toEqual([expect.objectContaining({ function: 'by-day', status: 503 })])
  time = '23:00'
  await untilTrue(() => asked.at(-1) === 'GET /by-night/_/ready', { what: 'the other window' })
})

/** As a relay asks, by the settings that name this platform. */
async function openProbe(platform: Server, protocol: 'http' | 'https') {
  // A server that listens on a port has an address.
  const { port } = platform.address() as AddressInfo
  const config = parseConfig({ EBB_UPSTREAM_TEMPLATE: `${protocol}://127.0.0.1:${port}/{name}` })
  const sign = async () => ''
  const { probe, close } = openCaller({
    locate: createUpstreamResolver(config),
    sign,
    startTimeoutMs: 1_000,
    log: memoryLog(),
  })
  ends.push(close)
  return probe
}

it('asks by https, and a platform that cannot be connected to is one that is not ready', async () => {
  let hellos = 0
  const platform = createTcpServer((socket) => {
    // The first byte of a TLS handshake.
    socket.once('data', (bytes: Buffer) => {
      if (bytes[0] === 22) hellos++
      socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  ends.push(() => platform.close())
  await untilTrue(() => platform.listening, { what: 'the platform' })
  const probe = await openProbe(platform, 'https')
  expect([await probe('by-day', '/_/ready'), hellos]).toEqual([undefined, 1])
})
