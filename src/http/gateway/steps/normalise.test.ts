import { expect, it } from '@jest/globals'
import { openRawConnection, sendRaw, testGateway } from '../test-support.ts'

const post = (lines: string, body = '') => `POST /v1/things HTTP/1.1\r\n${lines}\r\n${body}`
const get = (lines: string, target = '/v1/things/1') => `GET ${target} HTTP/1.1\r\n${lines}\r\n`
const H = 'Host: h\r\n'
const CHUNKED = `${H}Transfer-Encoding: chunked\r\n`

/** The 33 of the prototype first, then our own. */
const REFUSED: readonly [string, number, string][] = [
  ['Content-Length with Transfer-Encoding', 400, post(`${CHUNKED}Content-Length: 6\r\n`, '0\r\n\r\nX')],
  ['Content-Length twice, different', 400, post(`${H}Content-Length: 3\r\nContent-Length: 5\r\n`, 'abcde')],
  ['Content-Length twice, the same', 400, post(`${H}Content-Length: 3\r\nContent-Length: 3\r\n`, 'abc')],
  ['Content-Length as a list', 400, post(`${H}Content-Length: 3, 3\r\n`, 'abc')],
  ['Content-Length with a plus', 400, post(`${H}Content-Length: +3\r\n`, 'abc')],
  ['negative Content-Length', 400, post(`${H}Content-Length: -1\r\n`, 'abc')],
  ['Transfer-Encoding xchunked', 400, post(`${H}Transfer-Encoding: xchunked\r\n`, '0\r\n\r\n')],
  ['Transfer-Encoding chunked, identity', 400, post(`${H}Transfer-Encoding: chunked, identity\r\n`, '0\r\n\r\n')],
  ['Transfer-Encoding identity, chunked', 400, post(`${H}Transfer-Encoding: identity, chunked\r\n`, '0\r\n\r\n')],
  ['Transfer-Encoding twice', 400, post(`${CHUNKED}Transfer-Encoding: identity\r\n`, '0\r\n\r\n')],
  ['a space before the colon', 400, post(`${H}Transfer-Encoding : chunked\r\n`, '0\r\n\r\n')],
  ['Transfer-Encoding in HTTP/1.0', 400, `POST /v1/things HTTP/1.0\r\n${CHUNKED}\r\n0\r\n\r\n`],
  ['a vertical tab in Transfer-Encoding', 400, post(`${H}Transfer-Encoding:\x0bchunked\r\n`, '0\r\n\r\n')],
  ['bare LF lines', 400, 'GET /v1/things/1 HTTP/1.1\nHost: h\n\n'],
  ['a bare LF after a chunk size', 400, put('3\nabc\r\n0\r\n\r\n')],
  ['a bare LF in a chunk extension', 400, put('3;a\nb\r\nabc\r\n0\r\n\r\n')],
  ['a chunk extension of 20 kB', 413, put(`3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`)],
  ['a chunk size with 0x', 400, put('0x3\r\nabc\r\n0\r\n\r\n')],
  ['a chunk size that overflows', 400, put('1000000000000000003\r\nabc\r\n0\r\n\r\n')],
  ['a folded header', 400, get(`${H}X-A: 1\r\n 2\r\n`)],
  ['no Host', 400, get('')],
  ['Host twice', 400, get('Host: a\r\nHost: b\r\n')],
  ['an absolute target without a host', 400, get(H, 'http:///v1/things/1')],
  ['an absolute target with credentials', 400, get(H, 'http://a:b@h/v1/things/1')],
  ['NUL in a header', 400, get(`${H}X-A: a\0b\r\n`)],
  ['CR in a header', 400, get(`${H}X-A: a\rb\r\n`)],
  ['a space in a header name', 400, get(`${H}X A: 1\r\n`)],
  ['an underscore in a header name', 400, get(`${H}X_A: 1\r\n`)],
  ['a GET with a body', 400, `${get(`${H}Content-Length: 3\r\n`)}abc`],
  ['Expect other than 100-continue', 417, get(`${H}Expect: banana\r\n`)],
  ['a raw space in the path', 400, get(H, '/v1/things/a b')],
  ['raw UTF-8 in the path', 400, get(H, '/v1/things/\xe9')],
  ['17 kB of headers', 431, get(`${H}X-A: ${'a'.repeat(17_000)}\r\n`)],
  ['16.38 kB of headers', 431, get(`${H}X-A: ${'a'.repeat(16_370)}\r\n`)],
  ['81 headers', 431, get(`${H}${'a: 1\r\n'.repeat(80)}`)],

  ['Authorization twice', 400, get(`${H}Authorization: Bearer a\r\nAuthorization: Bearer a\r\n`)],
  ['X-API-Key twice', 400, get(`${H}X-API-Key: a\r\nx-api-key: b\r\n`)],
  ['Idempotency-Key twice', 400, get(`${H}Idempotency-Key: a\r\nIdempotency-Key: a\r\n`)],
  ['Content-Type twice', 400, get(`${H}Content-Type: a/b\r\nContent-Type: a/b\r\n`)],
  ['X-Correlation-Id twice', 400, get(`${H}X-Correlation-Id: 12345678\r\nX-Correlation-Id: 12345678\r\n`)],
  ['a malformed Host', 400, get('Host: a/b\r\n')],
  ['an absolute target without Host', 400, get('', 'http://h/v1/things/1')],
  ['a target that is no path', 400, `OPTIONS * HTTP/1.1\r\n${H}\r\n`],
  ['an encoded slash', 400, get(H, '/v1/things/a%2Fb')],
  ['an encoded backslash', 400, get(H, '/v1/things/a%5cb')],
  ['a backslash', 400, get(H, '/v1/things\\1')],
  ['an encoded NUL', 400, get(H, '/v1/things/a%00')],
  ['an encoded line feed', 400, get(H, '/v1/things/a%0a')],
  ['dot segments', 400, get(H, '/v1/things/../things/1')],
  ['encoded dot segments', 400, get(H, '/v1/things/%2e%2E')],
  ['a single dot at the end', 400, get(H, '/v1/things/.')],
  ['an empty segment', 400, get(H, '/v1//things/1')],
  ['two slashes at the beginning', 400, get(H, '//evil/v1/things/1')],
  ['a fragment', 400, get(H, '/v1/things/1#a')],
  ['a percent sign alone', 400, get(H, '/v1/things/100%')],
  ['half an escape in the query', 400, get(H, '/v1/things/1?tags=%f')],
  ['an escape that is no UTF-8', 400, get(H, '/v1/things/%ff')],
  ['TRACE', 405, `TRACE /v1/things/1 HTTP/1.1\r\n${H}\r\n`],
  ['CONNECT', 405, 'CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n'],
  ['an unknown method', 400, `SMUGGLE /v1/things/1 HTTP/1.1\r\n${H}\r\n`],
  ['no HTTP at all', 400, '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'],
]

function put(chunks: string) {
  return `PUT /v1/notes/1 HTTP/1.1\r\n${CHUNKED}Content-Type: application/json\r\n\r\n${chunks}`
}

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
