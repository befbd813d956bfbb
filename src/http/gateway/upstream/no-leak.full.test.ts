import { createServer, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { untilTrue } from '../../../../test/support/until.ts'
import { testGateway } from '../test-support.ts'
import { createCircuitBreakers } from './circuit-breakers.ts'
import { createFunctionPools } from './function-pools.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')
const MIB = 1024 * 1024
const ROUNDS = 600

const HEAD = 'HTTP/1.1 200 OK\r\nEbb-Revision: 1\r\n'
/** One after the other, whatever the request. */
const ACTS: readonly ((socket: Socket) => unknown)[] = [
  (socket) => socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}`),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  (socket) => socket.end('garbage\r\n\r\n'),
  (socket) => socket.end(`${HEAD}Content-Length: 9\r\n\r\n{`),
  (socket) => socket.write(`${HEAD}X-A: ${'a'.repeat(20_000)}\r\n`),
  (socket) => socket.write(`HTTP/1.1 103 A\r\n\r\n`.repeat(20)),
  (socket) => socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}and more`),
]

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

it(`keeps neither a connection nor memory of ${ROUNDS} calls that break`, async () => {
  const sockets = new Set<Socket>()
  let calls = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', () => ACTS[calls++ % ACTS.length]?.(socket))
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const dispatcher = new Agent({ pipelining: 0 })
  const pools = createFunctionPools({ maxConnections: 1_000 })
  closers.push(() => server.close())
  closers.push(() => Promise.all([dispatcher.destroy(), pools.close()]))
  const breakers = createCircuitBreakers({ startTimeoutMs: 1_000 })
  const locate = () => ({ origin: `http://127.0.0.1:${port}`, prefix: '' })
  const { url, lines } = await testGateway({
    dependencies: { upstream: { dispatcher, pools, breakers, locate, startTimeoutMs: 1_000 } },
  })
  const ask = async (i: number) => {
    const response =
      i % 2 === 0 ? await fetch(`${url}/v1/things/1`) : await fetch(`${url}/v1/mails`, { method: 'POST' })
    await response.text()
  }
  const run = async (rounds: number) => {
    for (let i = 0; i < rounds; i++) {
      await ask(i).catch(() => {})
      breakers.reset('get-thing')
      breakers.reset('send-mail')
      lines.length = 0
    }
    await untilTrue(() => pools.counts().every(({ running, pending }) => running + pending === 0))
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = await run(ROUNDS / 3)
  const after = await run(ROUNDS)
  expect(after - before).toBeLessThan(2 * MIB)
  // One that is kept for each function.
  await untilTrue(() => sockets.size <= 2)
})
