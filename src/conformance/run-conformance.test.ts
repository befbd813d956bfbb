import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { CASES } from './cases.ts'
import { CONFORMANCE_CONTRACTS } from './conformance-contracts.ts'
import { runConformance } from './run-conformance.ts'
import type { Target } from './target.ts'

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** The paths of the conformance functions, and nothing else that a document has. */
const DOCUMENT = (() => {
  const paths: Record<string, Record<string, object>> = {}
  for (const contract of CONFORMANCE_CONTRACTS) {
    if (contract.kind !== 'endpoint') continue
    const { method, path, access } = contract
    paths[path] = { ...paths[path], [method.toLowerCase()]: access.anonymous ? { security: [] } : {} }
  }
  return JSON.stringify({ paths })
})()

/** Something that is no Ebb, and has a document and makes keys so that every case can begin. */
async function targetThat(answer: RequestListener, { document = DOCUMENT } = {}): Promise<Target> {
  const server = createServer((request, response) => {
    if (request.url === '/openapi.json') return void response.end(document)
    if (request.url !== '/v1/keys') return void answer(request, response)
    response.writeHead(201).end('{"token":"ebb_live_any","key":{"id":"any"}}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close().closeAllConnections())
  // A server that listens on a port has an address.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, admin: { url, key: 'any' } },
    restartFunction: async () => {},
  }
}

describe('no case passes', () => {
  it.each<[string, RequestListener]>([
    ['says 200 to everything', (_, response) => void response.end('{}')],
    [
      'refuses everything',
      (_, response) =>
        void response
          .writeHead(404, { 'content-type': 'application/problem+json' })
          .end('{"status":404,"error":"not_found","message":"No.","correlationId":"none"}'),
    ],
    ['hangs up', (request) => void request.socket.destroy()],
  ])('where something %s', async (_how, answer) => {
    const outcomes = await runConformance(await targetThat(answer))
    expect(outcomes.filter(({ outcome }) => outcome !== 'failed')).toEqual([])
    expect(outcomes).toHaveLength(CASES.length)
  })
})

describe('a case', () => {
  it('is skipped where the target lacks what it needs', async () => {
    const { url } = await targetThat((_, response) => void response.end('{}'))
    const outcomes = await runConformance({ url }, { only: ['drain: '] })
    expect(outcomes).toMatchObject([{ outcome: 'skipped', why: expect.stringMatching(/^needs an API key/) }])
  })

  it('has a name that no other has', () => {
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length)
  })
})
