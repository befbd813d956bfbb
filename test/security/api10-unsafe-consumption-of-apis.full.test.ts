import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { HttpError, http } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

// OWASP API10:2023: what another service answers is read as what a caller sends is.
const ANSWERS: Readonly<Record<string, RequestListener>> = {
  good: (_request, response) => void response.end('{"price":7}'),
  'no JSON': (_request, response) => void response.end('<html>sorry</html>'),
  'a price that is text': (_request, response) => void response.end('{"price":"7; drop table"}'),
  'a price below zero': (_request, response) => void response.end('{"price":-1}'),
  'a price of null': (_request, response) => void response.end('{"price":null}'),
  'more than it may': (_request, response) => void response.end(`{"price":7,"more":"${'x'.repeat(100_000)}"}`),
  'a redirect elsewhere': (_request, response) =>
    void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  'a compressed body that nobody asked for': (_request, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from([31, 139, 8, 0, 0])),
  'half an answer': (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"price":7', () => response.socket?.destroy())
  },
  'no end': (_request, response) => void response.write('{"price":'),
  'no HTTP': (_request, response) => void response.socket?.end('hello\r\n\r\n'),
}
const service = createServer((request, response) => {
  const name = decodeURIComponent(request.url?.slice(1) ?? '')
  ANSWERS[name]?.(request, response)
}).listen(0, '127.0.0.1')
await once(service, 'listening')
afterAll(() => void service.close().closeAllConnections())
const { port } = service.address() as AddressInfo

const Price = z.object({ price: z.number().min(0) })
const contract = endpoint({
  ...{ name: 'get-price', summary: 'Says a price.', method: 'GET', path: '/v1/price', access: {} },
  ...{ query: z.object({ of: z.string() }), reply: { status: 200, body: Price }, failures: { no_price: 503 } },
})
const fn = testFunction(
  implement(contract, { http }, async ({ query }, { http, fail }) => {
    try {
      const limits = { timeoutMs: 500, retries: 0, maxBytes: 10_000 }
      return (await http.get(`http://127.0.0.1:${port}/${encodeURIComponent(query.of)}`, limits)).json(Price)
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      throw fail('no_price', 'There is no price now.')
    }
  }),
)

describe('a service that is called answers with', () => {
  it('a price: it is passed on, and a name that its schema does not know is not', async () => {
    const { status, body } = await (await fn.as({ sub: 'ann' })).get('/v1/price').query({ of: 'good' })
    expect([status, body]).toEqual([200, { price: 7 }])
  })

  const { good: _good, ...bad } = ANSWERS
  it.each(Object.keys(bad))('%s: none of it goes further', async (what) => {
    const { status, body } = await (await fn.as({ sub: 'ann' })).get('/v1/price').query({ of: what })
    expect([status, body.error, body.message]).toEqual([503, 'no_price', 'There is no price now.'])
  })
})
