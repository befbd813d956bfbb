import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from '@jest/globals'
import { openObjectStore } from './object-store.ts'
import { codeOf } from './test-support.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A store that answers so, and how many requests it got. */
async function storeThat(answer: RequestListener) {
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/objects`
  const store = openObjectStore(() => ({
    ...{ url, publicUrl: url, accessKeyId: 'key', secretAccessKey: 'secret', region: 'us-east-1' },
  }))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  }, store.close)
  return { store, requests: () => requests }
}

describe('a store that', () => {
  it('fails now and then is asked again', async () => {
    const { store, requests } = await storeThat((_request, response) => {
      response.writeHead(requests() === 1 ? 503 : 404).end()
    })
    expect(await store.head('a')).toBeUndefined()
    expect(requests()).toBe(2)
  })

  it('goes on failing is a 503 after three requests', async () => {
    const { store, requests } = await storeThat((_request, response) => void response.writeHead(500).end())
    expect(await codeOf(store.head('a'))).toBe('unavailable')
    expect(requests()).toBe(3)
  })

  it('never answers ends with the request', async () => {
    const { store } = await storeThat(() => {})
    const { signal } = { signal: AbortSignal.timeout(50) }
    await expect(store.head('a', signal)).rejects.toThrow(/aborted|timeout/)
  })

  it('refuses our key is an error for the log, and no object that is missing', async () => {
    const { store } = await storeThat((_request, response) => {
      response.writeHead(403).end('<Error><Code>InvalidAccessKeyId</Code></Error>')
    })
    await expect(store.listParts('a', 'b')).rejects.toThrow('answered 403 to GET /a: <Error><Code>InvalidAccessKeyId')
  })

  it('breaks off in the middle of an object fails its reader', async () => {
    const { store } = await storeThat((_request, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('half', () => response.destroy())
    })
    const found = await store.get('a')
    expect(found?.body).toBeInstanceOf(Readable)
    await expect(found?.body.toArray()).rejects.toThrow()
  })

  it('says that it has copied, and has not, is an error', async () => {
    const { store } = await storeThat(
      (_request, response) => void response.end('<Error><Code>InternalError</Code></Error>'),
    )
    await expect(store.copy('a', 'b')).rejects.toThrow('did not copy a')
  })
})
