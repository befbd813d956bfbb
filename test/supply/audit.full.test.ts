import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from '@jest/globals'
import { itWhere } from '../support/requirements.ts'
import { npmAudit } from './npm-audit.ts'

const { found, why } = await npmAudit()

itWhere(why)(
  'the registry knows of no moderate, high or critical vulnerability in the packages of the lockfile',
  () => {
    expect(found).toEqual([])
  },
)

/** A registry that answers what `npm audit` asks: for advisories, then for the versions of each package that has one. */
async function withRegistry(status: number, advisories: object, work: (registry: string) => Promise<void>) {
  const server = createServer((request, response) => {
    const answer = request.method === 'POST' ? advisories : { name: request.url?.slice(1), versions: {} }
    request.resume().once('end', () => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address.
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

it('an advisory against what is installed is found', async () => {
  const advisory = {
    id: 1,
    url: 'https://example.com/1',
    title: 'A hole',
    severity: 'high',
    vulnerable_versions: '>=5',
  }
  await withRegistry(200, { express: [advisory] }, async (registry) => {
    expect(await npmAudit(registry)).toEqual({ found: ['express: high'] })
  })
})

it('a registry without advisories to ask for is not taken for one that knows of none', async () => {
  await withRegistry(405, {}, async (registry) => {
    expect(await npmAudit(registry)).toEqual({ why: expect.stringContaining('405') })
  })
})
