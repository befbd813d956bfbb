import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from '@jest/globals'
import { listenOnDemand } from './listen-on-demand.ts'

it('starts what answers with the first connection, and ends those that it cannot start', async () => {
  const server = createServer((request, response) => request.pipe(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address.
  const target = (server.address() as AddressInfo).port
  let starts = 0
  const demand = await listenOnDemand(0, async () => {
    starts += 1
    if (starts === 1) throw new Error('not yet')
    return target
  })
  const ask = () =>
    fetch(`http://127.0.0.1:${demand.port}`, {
      method: 'POST',
      body: 'x'.repeat(1_000_000),
      headers: { connection: 'close' },
    })
  expect(starts).toBe(0)
  await expect(ask()).rejects.toThrow()
  expect((await (await ask()).text()).length).toBe(1_000_000)
  expect(starts).toBe(2)
  await demand.close()
  await expect(ask()).rejects.toThrow()
  server.close()
})
