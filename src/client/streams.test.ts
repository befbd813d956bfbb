import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { endpoint, form, stream } from 'ebb/contract'
import * as z from 'zod'
import { createClient } from './index.ts'

const Row = z.object({ n: z.int() })
const anyone = { access: { anonymous: true } } as const
const importRows = endpoint({
  ...{ name: 'import-rows', summary: 'Import.', method: 'POST', path: '/v1/rows', ...anyone },
  ...{ body: stream({ type: 'text/csv', maxBytes: 1_000 }), reply: { status: 204 } },
})
const putImage = endpoint({
  ...{ name: 'put-image', summary: 'Keep.', method: 'PUT', path: '/v1/image', ...anyone },
  ...{ body: stream({ type: ['image/png', 'image/gif'], maxBytes: 1_000 }), reply: { status: 204 } },
})
const addPhoto = endpoint({
  ...{ name: 'add-photo', summary: 'Add.', method: 'POST', path: '/v1/photos', ...anyone, reply: { status: 204 } },
  body: form({
    fields: z.object({ title: z.string(), tags: z.array(z.string()).optional() }),
    files: { photo: { type: 'image/png', maxBytes: 1_000 }, icon: { type: 'image/png', maxBytes: 10, optional: true } },
  }),
})
const getPdf = endpoint({
  ...{ name: 'get-pdf', summary: 'Get.', method: 'GET', path: '/v1/pdf', ...anyone },
  reply: { status: 200, stream: { type: 'application/pdf' } },
})
const listRows = endpoint({
  ...{ name: 'list-rows', summary: 'List.', method: 'GET', path: '/v1/rows', ...anyone },
  reply: { status: 200, stream: { type: 'application/x-ndjson', item: Row } },
})
const watchRows = endpoint({
  ...{ name: 'watch-rows', summary: 'Watch.', method: 'GET', path: '/v1/rows/watch', ...anyone },
  reply: { status: 200, stream: { type: 'text/event-stream', item: Row } },
})

type Respond = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
let script: Respond[] = []
const seen: IncomingMessage[] = []
const server = createServer((request, response) => {
  seen.push(request)
  void (script.length > 1 ? script.shift() : script[0])?.(request, response)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => void seen.splice(0))

const client = createClient(
  { importRows, putImage, addPhoto, getPdf, listRows, watchRows },
  { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, retries: 1, minDelayMs: 1 },
)

/** Answers with the request's own body, which the test reads. */
function receive() {
  const received = Promise.withResolvers<string>()
  script = [
    async (request, response) => {
      received.resolve(await text(request))
      response.writeHead(204).end()
    },
  ]
  return received.promise
}

async function* chunks(...texts: string[]) {
  for (const one of texts) yield new TextEncoder().encode(one)
}

async function collect<T>(items: AsyncIterable<T>) {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('a streamed body', () => {
  it.each([
    ['a text', () => 'a,b'],
    ['bytes', () => new TextEncoder().encode('a,b')],
    ['a Blob', () => new Blob(['a,b'])],
    ['a ReadableStream', () => new Blob(['a,b']).stream()],
    ['an async iterable', () => chunks('a', ',b')],
  ])('is sent from %s', async (_what, source) => {
    const received = receive()
    expect(await client.importRows({ body: source() })).toMatchObject({ ok: true, status: 204 })
    expect([await received, seen[0]?.headers['content-type']]).toEqual(['a,b', 'text/csv'])
  })

  it('has the type of its Blob, or the one that the call names, and no other', async () => {
    void receive()
    await client.putImage({ body: new Blob(['x'], { type: 'image/gif' }) })
    await client.putImage({ body: 'x', contentType: 'image/png' })
    expect(seen.map(({ headers }) => headers['content-type'])).toEqual(['image/gif', 'image/png'])
    await expect(client.putImage({ body: 'x' })).rejects.toThrow('contentType')
  })

  it('a form has its texts and files', async () => {
    const received = receive()
    const photo = new File(['png'], 'a.png', { type: 'image/png' })
    await client.addPhoto({ body: { fields: { title: 'Sea', tags: ['a', 'b'] }, files: { photo } } })
    expect(seen[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    const body = await received
    expect(body.match(/name="\w+"/g)).toEqual(['name="title"', 'name="tags"', 'name="tags"', 'name="photo"'])
    expect(body).toMatch(/filename="a.png"\r\nContent-Type: image\/png\r\n\r\npng/i)
  })
})

describe('a streamed reply', () => {
  it('of bytes is a ReadableStream', async () => {
    script = [(_request, response) => void response.setHeader('content-type', 'application/pdf').end('%PDF')]
    const result = await client.getPdf()
    if (!result.ok) throw new Error(result.message)
    expect(await new Response(result.data).text()).toBe('%PDF')
  })

  it('of items is read item by item, and throws where it breaks off', async () => {
    script = [(_request, response) => void response.write('{"n":1}\n{"n"', () => response.destroy())]
    const result = await client.listRows()
    if (!result.ok) throw new Error(result.message)
    const items: number[] = []
    const reading = async () => {
      for await (const { n } of result.data) items.push(n)
    }
    await expect(reading()).rejects.toThrow()
    script = [(_request, response) => void response.end('{"n":1}\n{"n":2}\n')]
    const whole = await client.listRows()
    expect(whole.ok && (await collect(whole.data))).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('a refusal is one as ever', async () => {
    script = [(_request, response) => void response.writeHead(403).end('{"error":"forbidden"}')]
    expect(await client.listRows()).toMatchObject({ ok: false, error: 'forbidden' })
  })

  it('of events goes on over several connections, with the id of the last one, and ends with a 204', async () => {
    script = [
      (_request, response) =>
        void response.end('retry: 1\n\n: beat\n\nid: 1\nevent: row\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n'),
      (_request, response) => void response.writeHead(503).end(),
      (_request, response) => void response.write('id: 2\r\ndata: {"n":2}\r\n\r\n', () => response.destroy()),
      (_request, response) => void response.writeHead(204).end(),
    ]
    const result = await client.watchRows()
    if (!result.ok) throw new Error(result.message)
    expect(await collect(result.data)).toEqual([
      { id: '1', event: 'row', data: { n: 1 } },
      { id: '2', data: { n: 2 } },
    ])
    expect(seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '1', '2'])
  })

  it('of events throws where nobody comes back', async () => {
    script = [
      (_request, response) => void response.end('retry: 1\n\n'),
      (_request, response) => void response.writeHead(503).end(),
    ]
    const result = await client.watchRows()
    if (!result.ok) throw new Error(result.message)
    await expect(collect(result.data)).rejects.toThrow('watch-rows does not go on: it answered 503')
  })

  it('ends when its reader stops', async () => {
    const closed = Promise.withResolvers<void>()
    script = [
      (_request, response) => {
        response.write('{"n":1}\n')
        response.on('close', closed.resolve)
      },
    ]
    const result = await client.listRows()
    if (!result.ok) throw new Error(result.message)
    for await (const { n } of result.data) if (n === 1) break
    await closed.promise
  })
})
