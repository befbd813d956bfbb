import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from '@jest/globals'
import { endpoint, type ServerSentEvent } from 'ebb/contract'
import * as z from 'zod'
import { untilTrue } from '../../../test/support/until.ts'
import { createLog, parseConfig } from '../../kernel/index.ts'
import { createApp } from '../app.ts'
import { type Implementation, implement } from '../implement.ts'
import { openResources } from '../resources.ts'

const contract = endpoint({
  ...{ name: 'watch-numbers', summary: 'Watch numbers.', method: 'GET', path: '/v1/numbers' },
  reply: { status: 200, stream: { type: 'text/event-stream', item: z.object({ n: z.int() }) } },
  failures: { refused: 409 },
  access: { anonymous: true },
})

type Event = ServerSentEvent<{ n: number }>
interface Given {
  readonly lastEventId: string | undefined
  readonly fail: (code: 'refused', message: string) => never
  readonly signal: AbortSignal
}

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A function that sends these events, and the means to end its process. */
async function watch(handle: (given: Given) => AsyncIterable<Event> | undefined) {
  const fn = implement(contract, {}, async ({ lastEventId }, { fail, signal }) => handle({ lastEventId, fail, signal }))
  const log = createLog({ level: 'silent' })
  const drainer = new AbortController()
  const app = createApp(fn as unknown as Implementation, {
    ...{ log, resources: openResources({}, parseConfig({}), log), draining: drainer.signal },
    verify: () => ({ iss: 'ebb:gateway', sub: 'ada', scopes: [] }),
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => void server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  const get = async (headers = {}) => {
    const call = httpRequest({ port, path: '/v1/numbers', headers: { 'ebb-identity': 'x', ...headers } }).end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    return { call, response }
  }
  return { get, drain: () => drainer.abort() }
}

async function* numbers(...all: Event[]) {
  yield* all
}

/** Never comes, until the request is over. */
const forever = (signal: AbortSignal) => new Promise<never>((_, reject) => signal.addEventListener('abort', reject))

describe('a stream of events', () => {
  it('200 is written as the specification of EventSource has it', async () => {
    const { get } = await watch(() =>
      numbers({ id: '7', event: 'number', data: { n: 1 }, retryMs: 900 }, { data: { n: 2 } }),
    )
    const { response } = await get()
    expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    expect(await text(response)).toBe('id: 7\nevent: number\nretry: 900\ndata: {"n":1}\n\ndata: {"n":2}\n\n')
  })

  it('200 the handler gets the id of the last event, as the bytes of UTF-8', async () => {
    let seen: string | undefined
    const { get } = await watch(({ lastEventId }) => {
      seen = lastEventId
      return numbers()
    })
    const { response } = await get({ 'last-event-id': Buffer.from('é7').toString('latin1') })
    response.resume()
    expect([response.statusCode, seen]).toEqual([200, 'é7'])
  })

  it('204 where there is nothing more, 409 for a declared failure', async () => {
    const done = await watch(() => undefined)
    expect((await done.get()).response.statusCode).toBe(204)
    const refused = await watch(({ fail }) => fail('refused', 'Not today.'))
    expect((await refused.get()).response.statusCode).toBe(409)
  })

  it('200 begins before the first event', async () => {
    const { get } = await watch(async function* ({ signal }) {
      yield await forever(signal)
    })
    const { call, response } = await get()
    expect(response.statusCode).toBe(200)
    call.destroy()
  })

  it.each([
    ['id', { id: 'a\nb', data: { n: 1 } }],
    ['event', { event: 'a\rb', data: { n: 1 } }],
    ['retryMs', { retryMs: 0.5, data: { n: 1 } }],
    ['data', { data: { n: 'x' } as never }],
  ])('breaks off where the %s of an event does not fit', async (_name, event) => {
    const { get } = await watch(() => numbers(event))
    const { response } = await get()
    await expect(text(response)).rejects.toThrow('aborted')
  })

  it('ends after the event that was sent when the process ends, and the handler with it', async () => {
    let ended = false
    const { get, drain } = await watch(async function* ({ signal }) {
      try {
        yield { id: '1', data: { n: 1 } }
        yield await forever(signal)
      } finally {
        ended = true
      }
    })
    const { response } = await get()
    await once(response, 'readable')
    drain()
    expect(await text(response)).toMatch(/^id: 1\ndata: \{"n":1\}\n\nretry: \d+\n\n$/)
    await untilTrue(() => ended)
    const later = await get()
    expect(await text(later.response)).toMatch(/^retry: \d+\n\n$/)
  })
})
