import { expect, it } from '@jest/globals'
import { openRawConnection, sendRaw, testGateway } from '../test-support.ts'
import { CHUNKED, get, H, REFUSED } from './test-support-refused.ts'

it.each(REFUSED)('%s is refused with %i, invokes no function, and closes', async (_name, status, text) => {
  const { port, invoked, shortCircuits } = await testGateway({ lingerMs: 50 })
  const connection = await openRawConnection(port)
  connection.send(text)
  const answer = await connection.answer()
  expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json', connection: 'close' } })
  const problem = JSON.parse(answer.body)
  expect(problem).toMatchObject({ status, error: expect.any(String), message: expect.any(String) })
  expect(problem.correlationId).toBe(answer.headers['x-correlation-id'])
  expect(await connection.closed()).toBe('')
  expect(invoked).toEqual([])
  expect(shortCircuits).toHaveLength(1)
})

it('200 an Upgrade is ignored and not forwarded', async () => {
  let seen: unknown
  const { port } = await testGateway({
    upstream: ({ headers }, response) => {
      seen = headers
      response.setHeader('content-length', 2).end('{}')
    },
  })
  const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n'
  expect(await sendRaw(port, get(`${H}${upgrade}`))).toMatchObject({ status: 200, body: '{}' })
  expect(Object.keys(seen as object)).not.toEqual(expect.arrayContaining(['upgrade']))
  expect(seen).not.toHaveProperty('http2-settings')
})

it('200 an absolute target counts as its path, and its host replaces Host', async () => {
  const hosts: unknown[] = []
  const { port, invoked } = await testGateway({
    upstream: ({ headers }, response) => {
      hosts.push(headers['x-forwarded-host'])
      response.setHeader('content-length', 2).end('{}')
    },
  })
  const other = await sendRaw(port, get('Host: other\r\n', 'http://h:80/v1/things/1?limit=3'))
  const old = await sendRaw(port, 'GET http://h:80/v1/things/1 HTTP/1.0\r\n\r\n')
  expect([other.status, old.status]).toEqual([200, 200])
  expect(invoked).toEqual(['GET /v1/things/1?limit=3', 'GET /v1/things/1'])
  expect(hosts).toEqual(['h:80', 'h:80'])
})

it('200 transfer codings are case-insensitive', async () => {
  const { port } = await testGateway()
  const lines = `${H}Transfer-Encoding: CHUNKED\r\nContent-Type: application/json\r\n`
  const put = `PUT /v1/notes/1 HTTP/1.1\r\n${lines}\r\nc\r\n{"text":"a"}\r\n0\r\n\r\n`
  expect((await sendRaw(port, put)).status).toBe(200)
})

it('400 a refusal keeps a well-formed correlation id', async () => {
  const { port } = await testGateway()
  const answer = await sendRaw(port, get(`${H}X-Correlation-Id: abc-12345\r\n`, '/v1//'))
  expect(answer.headers['x-correlation-id']).toBe('abc-12345')
})

it('400 a HEAD with a body', async () => {
  const { port, invoked } = await testGateway()
  const connection = await openRawConnection(port)
  connection.send(`HEAD /v1/things/1 HTTP/1.1\r\n${CHUNKED}\r\n0\r\n\r\n`)
  expect(await connection.closed()).toMatch(/^HTTP\/1.1 400 .*\r\n\r\n$/s)
  expect(invoked).toEqual([])
})

it('200 HTTP/1.0 needs no Host', async () => {
  const { port } = await testGateway()
  expect(await sendRaw(port, 'GET /v1/things/1 HTTP/1.0\r\n\r\n')).toMatchObject({ status: 200, body: '{}' })
})
