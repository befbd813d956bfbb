import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import { openRawConnection, sendRaw, testGateway } from '../test-support.ts'

const MIB = 1024 * 1024
const put = (lines: string, body = '') =>
  `PUT /v1/notes/1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n${lines}\r\n${body}`
const NOTE = '{"text":"a"}'
const GOOD = put(`Content-Length: ${NOTE.length}\r\n`, NOTE)

it('413 a declared length that is too large, before any of the body arrives; the connection closes', async () => {
  const { port, invoked, shortCircuits } = await testGateway({ lingerMs: 20 })
  const connection = await openRawConnection(port)
  connection.send(put(`Content-Length: ${MIB + 1}\r\n`))
  const answer = await connection.answer()
  expect([answer.status, answer.headers.connection]).toEqual([413, 'close'])
  expect(await connection.closed()).toBe('')
  expect([invoked, shortCircuits]).toEqual([[], ['payload_too_large']])
})

it('413 chunks whose sum is too large; the caller can read the response while it still sends', async () => {
  const { port, invoked } = await testGateway()
  const connection = await openRawConnection(port)
  connection.send(put('Transfer-Encoding: chunked\r\n'))
  const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`
  for (let i = 0; i < 64; i++) {
    if (!connection.send(chunk)) await once(connection.socket, 'drain')
  }
  expect((await connection.answer()).status).toBe(413)
  connection.send('0\r\n\r\n')
  expect(await connection.closed()).toBe('')
  expect(invoked).toEqual([])
})

it('200 exactly as many bytes as are allowed, unchanged', async () => {
  const body = `{"text":"${'é'.repeat((MIB - 11) / 2)}" }`
  let got = Buffer.alloc(0)
  const { url } = await testGateway({
    upstream: async (request, response) => {
      got = await buffer(request)
      response.end()
    },
  })
  const headers = { 'content-type': 'application/merge-patch+json; charset="UTF-8"' }
  expect(Buffer.byteLength(body)).toBe(MIB)
  expect((await fetch(`${url}/v1/notes/1`, { method: 'PUT', body, headers })).status).toBe(200)
  expect(got.equals(Buffer.from(body))).toBe(true)
})

it.each<[string, Record<string, string>]>([
  ['text', { 'content-type': 'text/plain' }],
  ['no type', { 'content-type': '' }],
  ['a type that only begins like JSON', { 'content-type': 'application/jsonp' }],
  ['another charset', { 'content-type': 'application/json; charset=latin1' }],
  ['gzip', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
])('415 %s', async (_name, headers) => {
  const { url, invoked, shortCircuits } = await testGateway()
  const answer = await fetch(`${url}/v1/notes/1`, { method: 'PUT', body: NOTE, headers })
  expect(answer.status).toBe(415)
  expect([invoked, shortCircuits]).toEqual([[], ['unsupported_media_type']])
})

it.each(['Content-Length: 2\r\n\r\n{}', 'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'])(
  '400 a body where none is expected: %j',
  async (rest) => {
    const { port, invoked } = await testGateway({ lingerMs: 20 })
    const answer = await sendRaw(port, `DELETE /v1/things/1 HTTP/1.1\r\nHost: h\r\nX-API-Key: full\r\n${rest}`)
    expect(JSON.parse(answer.body).details).toEqual([{ path: 'body', message: 'None is expected here' }])
    expect([answer.status, invoked]).toEqual([400, []])
  },
)

it('408 a body that does not arrive', async () => {
  const { port, invoked, shortCircuits } = await testGateway({ bodyTimeoutMs: 50, lingerMs: 20 })
  const connection = await openRawConnection(port)
  connection.send(put('Content-Length: 100\r\n', '{"text":'))
  const answer = await connection.answer()
  expect([answer.status, answer.headers.connection]).toEqual([408, 'close'])
  await connection.closed()
  expect([invoked, shortCircuits]).toEqual([[], ['request_timeout']])
})

it('408 a body that arrives too slowly, though it never stops', async () => {
  const { port } = await testGateway({ minBodyRate: { bytesPerSecond: 1_000_000, graceMs: 50 }, lingerMs: 20 })
  const connection = await openRawConnection(port)
  connection.send(put('Content-Length: 100000\r\n', '{"text":"'))
  const trickle = setInterval(() => connection.send('a'), 5)
  const { status } = await connection.answer()
  clearInterval(trickle)
  expect(status).toBe(408)
})

it('200 a body in chunks of one byte', async () => {
  let got = ''
  const { port } = await testGateway({
    upstream: async (request, response) => {
      got = (await buffer(request)).toString()
      response.setHeader('content-length', 0).end()
    },
  })
  const pieces = [...NOTE].map((letter) => `1\r\n${letter}\r\n`).join('')
  expect((await sendRaw(port, put('Transfer-Encoding: chunked\r\n', `${pieces}0\r\n\r\n`))).status).toBe(200)
  expect(got).toBe(NOTE)
})

it('503 a body beyond the budget; one that has stopped arriving is aborted for it', async () => {
  const gate = Promise.withResolvers<void>()
  const came = Promise.withResolvers<'came'>()
  const { port, shed } = await testGateway({
    ...{ maxBufferedBytes: 1_000, lingerMs: 20 },
    upstream: async (request, response) => {
      request.resume()
      came.resolve('came')
      await gate.promise
      response.setHeader('content-length', 0).end()
    },
  })
  const note = `{"text":"${'a'.repeat(600)}"}`
  const send = () => sendRaw(port, put(`Content-Length: ${note.length}\r\n`, note))
  const stalled = await openRawConnection(port)
  stalled.send(put('Content-Length: 700\r\n', note))
  const first = await send()
  expect(first).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  let taken = send()
  while ((await Promise.race([taken, came.promise])) !== 'came') taken = send()
  expect(await stalled.answer()).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  // What waits for its function is complete, and keeps its room until it is answered.
  expect((await send()).status).toBe(503)
  expect(new Set(shed)).toEqual(new Set(['bodies']))
  gate.resolve()
  expect((await taken).status).toBe(200)
  expect((await send()).status).toBe(200)
})

it('408 headers that do not arrive', async () => {
  const { port, shortCircuits } = await testGateway({ headersTimeoutMs: 50 })
  const connection = await openRawConnection(port)
  connection.send('GET /v1/things/1 HTTP/1.1\r\nHost: h\r\nX-')
  expect((await connection.answer()).status).toBe(408)
  await connection.closed()
  expect(shortCircuits).toEqual(['request_timeout'])
})

it('400 a caller that closes in the middle of a body invokes no function', async () => {
  const { port, invoked } = await testGateway({ lingerMs: 20 })
  const connection = await openRawConnection(port)
  connection.send(put('Content-Length: 100\r\n', '{"text":'))
  connection.socket.end()
  expect((await connection.answer()).status).toBe(400)
  await connection.closed()
  expect(invoked).toEqual([])
})

it('200 after 100 Continue, and no 100 where the body is not needed for the response', async () => {
  const { port } = await testGateway({ lingerMs: 20 })
  const good = await openRawConnection(port)
  good.send(put(`Content-Length: ${NOTE.length}\r\nExpect: 100-continue\r\n`))
  expect((await good.answer()).status).toBe(100)
  good.send(NOTE)
  expect((await good.answer()).status).toBe(200)
  const bad = await openRawConnection(port)
  bad.send(put(`Content-Length: ${MIB + 1}\r\nExpect: 100-continue\r\n`))
  expect((await bad.answer()).status).toBe(413)
  expect(await bad.closed()).toBe('')
})

it('200 the connection stays open after each refusal of a short body', async () => {
  const { port } = await testGateway()
  const connection = await openRawConnection(port)
  const length = `Content-Length: ${NOTE.length}\r\n`
  const refused: readonly [string, number][] = [
    [GOOD.replace('/v1/notes/1', '/v1/nothing'), 404],
    [GOOD.replace('PUT', 'POST'), 405],
    [GOOD.replace('PUT /v1/notes/1', 'POST /v1/things'), 401],
    [GOOD.replace('PUT /v1/notes/1', 'POST /v1/things').replace('Host', 'X-API-Key: half\r\nHost'), 403],
    [GOOD.replace('application/json', 'text/plain'), 415],
    [put(length, NOTE.replace('text', 'test')), 400],
    [GOOD, 200],
  ]
  for (const [text, status] of refused) {
    connection.send(text)
    const answer = await connection.answer()
    expect([answer.status, answer.headers.connection]).toEqual([status, 'keep-alive'])
  }
})
