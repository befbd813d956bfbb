import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it, jest } from '@jest/globals'
import { openBodyStream } from './body-stream.ts'

const MAX_MS = 60_000
const server = createServer()
afterEach(() => {
  jest.restoreAllMocks()
  server.closeAllConnections()
  server.close()
})

it('waits no longer for a fast body than a body may take, since a timer cannot wait for weeks', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const sent = request({ port, host: '127.0.0.1', method: 'POST' }).on('error', () => {})
  sent.write(Buffer.alloc(1_024))
  const [incoming] = await once(server, 'request')
  const secondLook = Promise.withResolvers<number | undefined>()
  const set = setTimeout
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((look: () => void, ms?: number) => {
    if (ms !== GRACE_MS && look.name === 'checkRate') secondLook.resolve(ms)
    return set(look, Math.min(ms ?? 0, MAX_MS))
  }) as typeof setTimeout)
  // By its rate, this kibibyte may take 118 days.
  const minRate = { bytesPerSecond: 0.0001, graceMs: GRACE_MS }
  const body = openBodyStream(incoming, { maxBytes: 2_048, maxMs: MAX_MS, minRate }).resume()
  expect(await secondLook.promise).toBe(MAX_MS)
  body.destroy()
  sent.destroy()
})

const GRACE_MS = 300
