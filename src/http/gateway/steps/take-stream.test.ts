import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import { untilTrue } from '../../../../test/support/until.ts'
import { contractSet, endpoint } from '../../../contract/index.ts'
import { stream } from '../../../contract/public.ts'
import { identityRefusalHeaders } from '../../../protocol/index.ts'
import { openRawConnection, type TestOptions, testGateway } from '../test-support.ts'

const MAX_BYTES = 8_000_000
/** More than the kernel keeps of a connection. */
const LARGE_BYTES = 1024 * 64 * 1024
const contracts = contractSet(
  {
    'put-file': endpoint({
      ...{ name: 'put-file', summary: 'Keep a file.', method: 'PUT', path: '/v1/file', reply: { status: 204 } },
      body: stream({ type: ['application/octet-stream', 'image/*'], maxBytes: MAX_BYTES }),
      access: { scopes: ['things:write'] },
    }),
    'put-large': endpoint({
      ...{ name: 'put-large', summary: 'Keep a lot.', method: 'PUT', path: '/v1/large', reply: { status: 204 } },
      ...{ body: stream({ type: 'application/octet-stream', maxBytes: LARGE_BYTES }), access: {} },
    }),
  },
  {},
)

const gateway = (upstream: RequestListener, options: Omit<TestOptions, 'upstream'> = {}) =>
  testGateway({
    lingerMs: 50,
    ...options,
    upstream: (request, response) => upstream(request, response.setHeader('ebb-revision', 'r')),
    dependencies: { contracts: () => contracts, ...options.dependencies },
  })

function put(url: string, headers: Record<string, string | number> = {}, path = '/v1/file') {
  const call = httpRequest(url + path, {
    method: 'PUT',
    headers: { 'x-api-key': 'half', 'content-type': 'application/octet-stream', ...headers },
  })
  const responding = once(call, 'response') as Promise<[IncomingMessage]>
  responding.catch(() => {})
  return { call, responding }
}
const chunk = Buffer.alloc(64 * 1024)

it('204 the function gets each chunk as it comes, framed as it was sent', async () => {
  let seen: IncomingMessage | undefined
  const { url } = await gateway((request, response) => {
    seen = request
    request.resume().on('end', () => response.writeHead(204).end())
  })
  const { call, responding } = put(url, { 'content-length': 8 })
  call.write('1234')
  await untilTrue(() => seen !== undefined)
  expect([seen?.headers['content-length'], seen?.complete]).toEqual(['8', false])
  call.end('5678')
  expect((await responding)[0].statusCode).toBe(204)
  const chunked = put(url)
  chunked.call.write('x')
  chunked.call.end()
  await chunked.responding
  expect(seen?.headers['transfer-encoding']).toBe('chunked')
})

it('is read no faster than the function reads', async () => {
  let seen: IncomingMessage | undefined
  const { url } = await gateway((request) => {
    seen = request.pause()
  })
  const { call } = put(url, { 'content-length': LARGE_BYTES }, '/v1/large')
  call.on('error', () => {})
  Readable.from(chunks(LARGE_BYTES)).pipe(call)
  let before = -1
  await untilTrue(() => {
    const sent = call.socket?.bytesWritten ?? 0
    const isQuiet = seen !== undefined && sent === before
    before = sent
    return isQuiet
  })
  expect(before).toBeLessThan(LARGE_BYTES / 2)
  seen?.resume()
  await untilTrue(() => seen?.complete === true)
  call.destroy()
})

function* chunks(bytes: number) {
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk
}

it('401, 413 and 415 are answered before anything is read, asked for or passed on', async () => {
  const { port, invoked } = await gateway(() => {})
  const head = (lines: string) => `PUT /v1/file HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${lines}\r\n\r\n`
  const answers = [
    'Content-Type: application/octet-stream\r\nContent-Length: 8',
    `X-API-Key: half\r\nContent-Type: application/octet-stream\r\nContent-Length: ${MAX_BYTES + 1}`,
    'X-API-Key: half\r\nContent-Type: text/plain\r\nContent-Length: 8',
    'X-API-Key: half\r\nContent-Type: image/png\r\nContent-Encoding: gzip\r\nContent-Length: 8',
    'X-API-Key: half\r\nContent-Length: 0',
  ]
  const statuses: number[] = []
  for (const lines of answers) {
    const connection = await openRawConnection(port)
    connection.send(head(lines))
    statuses.push((await connection.answer()).status)
  }
  expect([statuses, invoked]).toEqual([[401, 413, 415, 415, 415], []])
})

it('100 is sent once the function takes the body', async () => {
  const { port } = await gateway(
    (request, response) => void request.resume().on('end', () => response.writeHead(204).end()),
  )
  const connection = await openRawConnection(port)
  connection.send(
    'PUT /v1/file HTTP/1.1\r\nHost: a\r\nX-API-Key: half\r\nExpect: 100-continue\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\n',
  )
  expect((await connection.answer()).status).toBe(100)
  connection.send('1234')
  expect((await connection.answer()).status).toBe(204)
})

it('413 where it turns out to be too large, and the function sees it break off', async () => {
  let broken: boolean | undefined
  const { url, invoked } = await gateway((request) => {
    request
      .resume()
      .on('error', () => {})
      .on('close', () => {
        broken = !request.complete
      })
  })
  const { call, responding } = put(url)
  call.on('error', () => {})
  for (let bytes = 0; bytes <= MAX_BYTES; bytes += chunk.length) call.write(chunk)
  const [response] = await responding
  expect([response.statusCode, response.headers.connection]).toEqual([413, 'close'])
  await untilTrue(() => broken === true)
  expect(invoked).toHaveLength(1)
})

it('the function sees a caller break off', async () => {
  let broken: boolean | undefined
  const { url, invoked } = await gateway((request) => {
    request
      .resume()
      .on('error', () => {})
      .on('close', () => {
        broken = !request.complete
      })
  })
  const { call } = put(url)
  call.on('error', () => {}).write(chunk)
  await untilTrue(() => invoked.length === 1)
  call.destroy()
  await untilTrue(() => broken === true)
})

it('408 where too little of it arrives', async () => {
  const { url } = await gateway((request) => void request.resume().on('error', () => {}), {
    minBodyRate: { bytesPerSecond: 240, graceMs: 50 },
  })
  const { call, responding } = put(url)
  call.on('error', () => {}).write('x')
  const [response] = await responding
  expect([response.statusCode, JSON.parse(await text(response)).error]).toEqual([408, 'request_timeout'])
})

it('an answer before the end of the upload closes the connection, and is read', async () => {
  const { url } = await gateway((_request, response) => {
    response.writeHead(409, { 'content-type': 'application/problem+json' }).end('{"error":"taken"}')
  })
  const { call, responding } = put(url)
  call.on('error', () => {}).write(chunk)
  const [response] = await responding
  call.end()
  expect([response.statusCode, response.headers.connection, await text(response)]).toEqual([
    ...[409, 'close', '{"error":"taken"}'],
  ])
})

it('502 and no second attempt where the connection to the function breaks', async () => {
  const { url, invoked } = await gateway((request) => void request.once('data', () => request.socket.destroy()))
  const { call, responding } = put(url)
  call.on('error', () => {}).write(chunk)
  const [response] = await responding
  expect([response.statusCode, invoked.length]).toEqual([502, 1])
})

it('503 where the function refuses the signature: what it has read cannot be sent again', async () => {
  const fresh: unknown[] = []
  const { url, invoked } = await gateway(
    (request, response) => {
      request.resume()
      response.writeHead(401, { ...identityRefusalHeaders('ERR_JWT_EXPIRED') }).end()
    },
    {
      dependencies: {
        sign: async (_caller, _name, options) => {
          fresh.push(options?.fresh)
          return 'signed'
        },
      },
    },
  )
  const { call, responding } = put(url)
  call.end('x')
  const [response] = await responding
  expect([response.statusCode, response.headers['retry-after'], invoked.length, fresh]).toEqual([
    ...[503, '1', 1, [undefined, true]],
  ])
})

it('trailers that the function announces reach the caller', async () => {
  const { url } = await gateway((request, response) => {
    request.resume()
    response.writeHead(200, { trailer: 'Repr-Digest, Set-Cookie, Ebb-Cost' }).write('x')
    response.addTrailers({ 'Repr-Digest': 'sha-256=:abc=:', 'Set-Cookie': 'a=1', 'Ebb-Cost': '1' })
    response.end()
  })
  const { call, responding } = put(url)
  call.end('x')
  const [response] = await responding
  expect([response.headers.trailer, await text(response), response.trailers]).toEqual([
    ...['repr-digest', 'x', { 'repr-digest': 'sha-256=:abc=:' }],
  ])
})
