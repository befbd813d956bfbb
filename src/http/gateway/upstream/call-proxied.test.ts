import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { untilTrue } from '../../../../test/support/until.ts'
import { listenForTest, openRawConnection, sendRaw } from '../test-support.ts'
import { proxiedGateway, rawResponse, startOrigin } from './test-support-origin.ts'

const OK = rawResponse('200 OK', ['Content-Type: text/plain'], 'hello')

/** Without those that differ from run to run. */
const linesOf = (lines: readonly string[]) =>
  lines.filter((line) => !/^(traceparent|x-correlation-id|ebb-identity|connection):/i.test(line))

describe('a request', () => {
  it('200 arrives as it was sent: method, path, query, headers and the bytes of its body', async () => {
    const origin = await startOrigin(() => OK)
    const { port, shortCircuits } = await proxiedGateway(origin)
    const headers = [
      'Host: api.example',
      'Content-Type: text/x-own; charset=latin1',
      'Content-Encoding: x',
      'Cookie: a=1',
    ]
    const target = "/old/a%20b/c;d=1/~e/%41?x=%2F..&&y[]=1&y[]=2&z='"
    const sent = [`PUT ${target} HTTP/1.1`, ...headers, 'X-Twice: 1', 'X-Twice: 2', 'Content-Length: 4', '', '\xff{\0"']
    const { status, body } = await sendRaw(port, sent.join('\r\n'))
    expect([status, body, shortCircuits]).toEqual([200, 'hello', []])
    expect(linesOf(origin.requests[0]?.lines ?? [])).toEqual([
      `PUT ${target} HTTP/1.1`,
      `host: ${origin.authority}`,
      ...[
        'x-forwarded-for: 127.0.0.1',
        'x-forwarded-proto: http',
        'forwarded: for=127.0.0.1;proto=http;host="api.example"',
      ],
      ...['via: 1.1 ebb', 'x-forwarded-host: api.example'],
      ...['content-type: text/x-own; charset=latin1', 'content-encoding: x', 'cookie: a=1', 'x-twice: 1', 'x-twice: 2'],
      'content-length: 4',
    ])
    expect(origin.requests[0]?.body).toBe('\xff{\0"')
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('200 %s', async (method) => {
    const origin = await startOrigin(() => (method === 'HEAD' ? rawResponse('200 OK', ['X-A: 1']) : OK))
    const { url } = await proxiedGateway(origin)
    const answer = await fetch(`${url}/old/x`, { method })
    expect([answer.status, await answer.text()]).toEqual([200, method === 'HEAD' ? '' : 'hello'])
    expect(origin.requests.map(({ lines }) => lines[0])).toEqual([`${method} /old/x HTTP/1.1`])
  })

  it('405 a method that the contract leaves out', async () => {
    const origin = await startOrigin(() => OK)
    const { url } = await proxiedGateway(origin, { methods: ['GET', 'PROPFIND'] })
    const answer = await fetch(`${url}/old/x`, { method: 'POST' })
    expect([answer.status, answer.headers.get('allow'), origin.requests]).toEqual([405, 'GET, HEAD, PROPFIND', []])
    expect((await fetch(`${url}/old/x`, { method: 'PROPFIND' })).status).toBe(200)
  })

  it('200 hop-by-hop headers, those that Connection names, and forged ones stay behind', async () => {
    const origin = await startOrigin(() => OK)
    const { port } = await proxiedGateway(origin)
    const sent = [
      ...[
        'Connection: keep-alive, X-Hop',
        'X-Hop: 1',
        'Keep-Alive: timeout=1',
        'TE: trailers',
        'Trailer: x',
        'Upgrade: h2c',
      ],
      ...['Proxy-Authorization: Basic a', 'Proxy-Connection: close', 'HTTP2-Settings: a', 'Forwarded: for=1.1.1.1'],
      ...[
        'X-Forwarded-For: 1.1.1.1',
        'X-Forwarded-Prefix: /x',
        'Ebb-Identity: root',
        'Ebb-Subject: root',
        'Via: 1.0 fred, 1.1 p',
      ],
    ]
    await sendRaw(port, ['GET /old/x HTTP/1.1', 'Host: a', ...sent, '', ''].join('\r\n'))
    const [{ lines = [], all } = { all: () => [] }] = origin.requests
    expect(linesOf(lines).slice(2)).toEqual([
      ...['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: http', 'forwarded: for=127.0.0.1;proto=http;host="a"'],
      ...['via: 1.0 fred, 1.1 p, 1.1 ebb', 'x-forwarded-host: a'],
    ])
    expect(all('ebb-identity')).toEqual(['anonymous for old'])
  })

  it('200 Via says which protocol it came by', async () => {
    const origin = await startOrigin(() => OK)
    const { port } = await proxiedGateway(origin)
    const connection = await openRawConnection(port)
    connection.send('GET /old/x HTTP/1.0\r\nHost: a\r\nconstructor: 1\r\n\r\n')
    expect((await connection.answer()).status).toBe(200)
    expect(['via', 'constructor'].map((name) => origin.requests[0]?.all(name))).toEqual([['1.0 ebb'], ['1']])
  })

  it('413 a body that is longer than the contract allows, 400 one where it allows none', async () => {
    const origin = await startOrigin(() => OK)
    const gateway = await proxiedGateway(origin, { maxBodyBytes: 3 })
    const post = (url: string, body: string) => fetch(`${url}/old/x`, { method: 'POST', body })
    expect([(await post(gateway.url, 'abc')).status, (await post(gateway.url, 'abcd')).status]).toEqual([200, 413])
    const { url } = await proxiedGateway(origin, { maxBodyBytes: 0 })
    expect([(await post(url, 'a')).status, origin.requests.length]).toEqual([400, 1])
  })

  it('200 a large body arrives as it is sent, of any type and coding, with its length or in chunks', async () => {
    const sums: [number, string | undefined][] = []
    const server = createServer(async (request, response) => {
      let sum = 0
      for await (const chunk of request) sum += chunk.length
      sums.push([sum, request.headers['content-length']])
      response.end('done')
    })
    const url = `http://127.0.0.1:${await listenForTest(server)}`
    const { url: gateway, port } = await proxiedGateway({ url }, { maxBodyBytes: 4_000_000 })
    const headers = { 'content-type': 'x/y', 'content-encoding': 'own' }
    const put = (body: Buffer | ReadableStream | string, more = {}) =>
      fetch(`${gateway}/old/x`, { method: 'PUT', headers, body, ...more })
    expect((await put(Buffer.alloc(3_000_000))).status).toBe(200)
    const chunks = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 3; n++) controller.enqueue(Buffer.alloc(1_000_000))
        controller.close()
      },
    })
    expect((await put(chunks, { duplex: 'half' })).status).toBe(200)
    expect((await put('small')).status).toBe(200)
    expect((await fetch(`${gateway}/old/x`)).status).toBe(200)
    expect(sums).toEqual([
      [3_000_000, '3000000'],
      [3_000_000, undefined],
      [5, '5'],
      [0, undefined],
    ])
    const head = 'PUT /old/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4000001\r\n\r\n'
    expect((await sendRaw(port, head)).status).toBe(413)
  })

  it('413 a body in chunks that turns out to be too long, and the service does not get it as a whole', async () => {
    let whole = 0
    const server = createServer((request, response) => {
      request
        .on('error', () => {})
        .resume()
        .on('end', () => {
          whole++
          response.end()
        })
    })
    const url = `http://127.0.0.1:${await listenForTest(server)}`
    const { port } = await proxiedGateway({ url }, { maxBodyBytes: 2_000_000 })
    const connection = await openRawConnection(port)
    connection.send('PUT /old/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (let n = 0; n < 3; n++) connection.send(`f4240\r\n${'a'.repeat(1_000_000)}\r\n`)
    connection.send('0\r\n\r\n')
    expect([(await connection.answer()).status, whole]).toEqual([413, 0])
  })

  it('502 one that goes round', async () => {
    const origin = await startOrigin(() => OK)
    const { url } = await proxiedGateway(origin)
    const passed = (times: number) => ({ via: Array<string>(times).fill('1.1 ebb').join(', ') })
    expect((await fetch(`${url}/old/x`, { headers: passed(7) })).status).toBe(200)
    expect((await fetch(`${url}/old/x`, { headers: passed(8) })).status).toBe(502)
  })
})

describe('its path', () => {
  const target = async (path: string, upstream: object, base = '') => {
    const origin = await startOrigin(() => OK)
    const { port } = await proxiedGateway({ url: origin.url + base }, { upstream })
    const { status } = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    return status === 200 ? origin.requests[0]?.lines[0]?.split(' ')[1] : status
  }

  it.each([
    ['/old', {}, '', '/old'],
    ['/old/', {}, '', '/old/'],
    ['/old?x', {}, '/v2', '/v2/old?x'],
    ['/old', { stripPrefix: true }, '', '/'],
    ['/old/', { stripPrefix: true }, '', '/'],
    ['/old?x=/y', { stripPrefix: true }, '', '/?x=/y'],
    ['/old/a/b?c', { stripPrefix: true }, '', '/a/b?c'],
    ['/old', { stripPrefix: true }, '/v2', '/v2'],
    ['/old/a', { stripPrefix: true }, '/v2/', '/v2/a'],
    ['/%6Fld/%61', { stripPrefix: true }, '', '/%61'],
    ['/older', {}, '', 404],
    ['/Old/a', {}, '', 404],
  ])('%s with %j and %j leads to %s', async (path, upstream, base, expected) => {
    expect(await target(path, upstream, base)).toBe(expected)
  })

  it.each([
    ...['//evil.example/x', '/old//evil.example/x', '/old/../admin', '/old/%2e%2e/admin', '/old/%2F/evil.example'],
    ...['/old\\@evil.example', '/old/%5c%5cevil.example', 'http://evil.example@127.0.0.1/old/x', '@evil.example/old'],
  ])('%s reaches nothing', async (path) => {
    expect(await target(path, { stripPrefix: true })).toBe(400)
  })

  it('200 a target that names another host goes to the service all the same', async () => {
    expect(await target('http://evil.example/old/x', { stripPrefix: true })).toBe('/x')
    expect(await target('/old/@evil.example:80', { stripPrefix: true })).toBe('/@evil.example:80')
  })
})

describe('who calls', () => {
  const keyed = { access: { scopes: ['things:write'] } } as const

  it('401 and 403 reach nothing; 200 without the credential, with who it is, signed', async () => {
    const origin = await startOrigin(() => OK)
    const { url } = await proxiedGateway(origin, keyed)
    const get = async (key?: string) =>
      (await fetch(`${url}/old/x`, { headers: key ? { 'x-api-key': key } : {} })).status
    expect([await get(), await get('acme'), await get('half'), origin.requests.length]).toEqual([401, 403, 200, 1])
    const [request] = origin.requests
    expect([request?.all('x-api-key'), request?.all('ebb-identity')]).toEqual([[], ['bob for old']])
  })

  it('200 with the credential where the contract forwards it, and who it is in words where it asks for that', async () => {
    const origin = await startOrigin(() => OK)
    const { url } = await proxiedGateway(origin, { ...keyed, upstream: { credentials: 'forward', identity: 'plain' } })
    await fetch(`${url}/old/x`, { headers: { authorization: 'Bearer full' } })
    const { all = () => [] } = origin.requests[0] ?? {}
    expect(all('authorization')).toEqual(['Bearer full'])
    expect(['subject', 'scopes', 'tenant'].map((part) => all(`ebb-${part}`))).toEqual([
      ...[['ann'], ['things:write things:more'], []],
    ])
  })

  it('200 anybody’s own credentials pass unread where the service checks them itself', async () => {
    const origin = await startOrigin(() => OK)
    const given = await proxiedGateway(origin, { upstream: { credentials: 'forward', identity: 'none' } })
    const headers = { authorization: 'Bearer of-the-service', 'x-api-key': 'another' }
    expect((await fetch(`${given.url}/old/x`, { headers })).status).toBe(200)
    const { all = () => [] } = origin.requests[0] ?? {}
    expect(['authorization', 'x-api-key', 'ebb-identity'].map(all)).toEqual([
      ['Bearer of-the-service'],
      ['another'],
      [],
    ])
    const { url } = await proxiedGateway(origin)
    expect((await fetch(`${url}/old/x`, { headers: { 'x-api-key': 'another' } })).status).toBe(401)
  })

  it('200 learns which part of the path it did not get', async () => {
    const origin = await startOrigin(() => OK)
    const { url } = await proxiedGateway(origin, { upstream: { stripPrefix: true } })
    await fetch(`${url}/old/x`, { headers: { 'x-forwarded-prefix': '/forged' } })
    expect(origin.requests[0]?.all('x-forwarded-prefix')).toEqual(['/old'])
  })

  it('200 sets and removes what the contract says, and Host is the service’s own or the caller’s', async () => {
    const origin = await startOrigin(() => OK)
    const upstream = { setHeaders: { 'x-from': 'ebb' }, removeHeaders: ['cookie'], host: 'preserve' } as const
    const { port } = await proxiedGateway(origin, { upstream })
    await sendRaw(port, 'GET /old/x HTTP/1.1\r\nHost: shop.example:81\r\nCookie: a=1\r\nX-From: me\r\n\r\n')
    const { all = () => [] } = origin.requests[0] ?? {}
    expect(['x-from', 'cookie', 'host'].map(all)).toEqual([['ebb'], [], ['shop.example:81']])
  })
})

describe('a response', () => {
  const answered = async (response: string, options = {}, path = '/old/x') => {
    const origin = await startOrigin(() => response)
    const { port } = await proxiedGateway(origin, options)
    const connection = await openRawConnection(port)
    connection.send(`GET ${path} HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n`)
    const [head = '', body] = (await connection.closed()).split('\r\n\r\n')
    const lines = head.split('\r\n')
    return { lines, body, all: (name: string) => lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)) }
  }

  it.each([
    '200 Fine',
    '203 Changed',
    '304 Not Modified',
    '404 Not Found',
    '418 Teapot',
    '429 Slow',
    '500 Oh',
    '503 Later',
    '599 Own',
  ])('%s is the service’s own', async (status) => {
    const { lines } = await answered(rawResponse(status, ['Retry-After: 7', 'ETag: "a"', 'Warning: 1']))
    expect(lines[0]?.split(' ')[1]).toBe(status.split(' ')[0])
    expect(lines).toEqual(expect.arrayContaining(['retry-after: 7', 'etag: "a"', 'warning: 1']))
  })

  it('passes headers on as they are, but for the connection’s and those that name its software', async () => {
    const own = [
      'Set-Cookie: a=1; Path=/x',
      'Set-Cookie: b=2',
      'Cache-Control: public, max-age=5',
      'Date: Thu, 01 Jan 2026 00:00:00 GMT',
    ]
    const gone = [
      'Connection: x-hop, close',
      'X-Hop: 1',
      'Keep-Alive: timeout=1',
      'Server: old/1',
      'X-Powered-By: php',
      'Ebb-Revision: 9',
    ]
    const more = [
      'Proxy-Authenticate: Basic',
      'Alt-Svc: h3=":443"',
      'Upgrade: h2c',
      'Via: 1.0 inner',
      'Access-Control-Allow-Origin: *',
    ]
    const { lines, body } = await answered(rawResponse('200 OK', [...own, ...gone, ...more], 'hi'))
    expect(lines.filter((line) => !/^x-correlation-id/.test(line)).sort()).toEqual([
      ...['Connection: close', 'HTTP/1.1 200 OK', 'cache-control: public, max-age=5', 'content-length: 2'],
      ...['date: Thu, 01 Jan 2026 00:00:00 GMT', 'set-cookie: a=1; Path=/x', 'set-cookie: b=2'],
      ...['vary: Authorization, X-API-Key', 'via: 1.0 inner, 1.1 ebb', 'x-content-type-options: nosniff'],
    ])
    expect(body).toBe('hi')
  })

  it('is nobody else’s where the service does not say how long it may be kept', async () => {
    const origin = await startOrigin(() => OK)
    const { url } = await proxiedGateway(origin, { access: {} })
    const { headers } = await fetch(`${url}/old/x`, { headers: { 'x-api-key': 'full' } })
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual([
      'private, no-store',
      'Authorization, X-API-Key',
    ])
  })

  it('leads through the gateway where it leads to the service, and redirects are the caller’s to follow', async () => {
    const origin = await startOrigin(({ all }) =>
      rawResponse('302 Found', [`Location: ${all('x-to')}`, `Content-Location: ${all('x-to')}`]),
    )
    const { url } = await proxiedGateway({ url: `${origin.url}/v2` }, { upstream: { stripPrefix: true } })
    const led = async (to: string) => {
      const { headers } = await fetch(`${url}/old/x`, { redirect: 'manual', headers: { 'x-to': to } })
      expect(headers.get('content-location')).toBe(headers.get('location'))
      return headers.get('location')
    }
    expect(
      await Promise.all(
        [`${origin.url}/v2/a?b#c`, `//${origin.authority}/v2`, '/v2/a', '/v2?a', 'next', '?page=2'].map(led),
      ),
    ).toEqual([...['/old/a?b#c', '/old', '/old/a', '/old?a', 'next', '?page=2']])
    const elsewhere = [
      'https://other.example/v2/a',
      `${origin.url}/other`,
      '/v22/a',
      `https://${origin.authority}/v2`,
      'mailto:a@b.example',
    ]
    expect(await Promise.all(elsewhere.map(led))).toEqual(elsewhere)
  })

  it('sets cookies for the paths that the caller knows', async () => {
    const cookies = [
      'a=1; Path=/v2/a; Secure',
      'b=2; path=/',
      'c=3; Domain=127.0.0.1; HttpOnly',
      '__Host-d=4; Path=/',
      'e=5; Path=/z; Domain=x.example',
    ]
    const origin = await startOrigin(() =>
      rawResponse(
        '200 OK',
        cookies.map((cookie) => `Set-Cookie: ${cookie}`),
      ),
    )
    const { url } = await proxiedGateway({ url: `${origin.url}/v2` }, { upstream: { stripPrefix: true } })
    expect((await fetch(`${url}/old/x`)).headers.getSetCookie()).toEqual([
      ...[
        'a=1; Path=/old/a; Secure',
        'b=2; path=/old',
        'c=3; HttpOnly',
        '__Host-d=4; Path=/',
        'e=5; Path=/z; Domain=x.example',
      ],
    ])
  })

  it('200 interim responses stay behind, and an upload that the service does not read ends with its answer', async () => {
    const { lines } = await answered(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`)
    expect(lines[0]).toBe('HTTP/1.1 200 OK')
    expect(lines.join()).not.toMatch(/link/i)
  })

  it.each([
    ['garbage', 'nonsense\r\n\r\n'],
    [
      'a protocol that was not asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n',
    ],
    ['a bad length', 'HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n'],
    ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\naa'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n'],
    ['a header with a NUL', 'HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 0\r\n\r\n'],
  ])('502 %s', async (_what, response) => {
    const origin = await startOrigin(() => response)
    const { url, lines } = await proxiedGateway(origin)
    const answer = await fetch(`${url}/old/x`, { method: 'POST' })
    expect([answer.status, await answer.json()]).toEqual([502, expect.objectContaining({ error: 'bad_gateway' })])
    expect([origin.requests.length, lines.filter(({ proxy }) => proxy === 'old').length]).toEqual([1, 1])
  })

  it.each([
    ['one endless header', () => `X-A: ${'a'.repeat(1_000)}`],
    ['endless headers', () => 'X-A: 1\r\nX-B: 2\r\n'.repeat(60)],
  ])('502 %s, and memory stays what it was', async (_what, more) => {
    const origin = await startOrigin((_request, socket) => {
      const write = () => {
        while (!socket.destroyed) if (!socket.write(more())) return void socket.once('drain', write)
      }
      socket.write('HTTP/1.1 200 OK\r\n')
      write()
      return undefined
    })
    const { url } = await proxiedGateway(origin)
    expect((await fetch(`${url}/old/x`)).status).toBe(502)
  })

  it('breaks off at endless trailers', async () => {
    const origin = await startOrigin((_request, socket) => {
      const write = () => {
        while (!socket.destroyed) if (!socket.write('X-A: 1\r\n'.repeat(60))) return void socket.once('drain', write)
      }
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n')
      write()
      return undefined
    })
    const { url } = await proxiedGateway(origin)
    await expect(fetch(`${url}/old/x`).then((answer) => answer.text())).rejects.toThrow()
  })

  it('200 with as many and as long headers as 16 KiB hold', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `X-${n}: ${n}`)
    expect((await answered(rawResponse('200 OK', many))).all('x-999')).toEqual(['x-999: 999'])
    expect((await answered(rawResponse('200 OK', [`X-A: ${'a'.repeat(16_000)}`]))).all('x-a')[0]?.length).toBe(16_005)
    expect((await answered(rawResponse('200 OK', [`X-A: ${'a'.repeat(17_000)}`]))).lines[0]).toMatch(/^HTTP\/1.1 502/)
  })

  it('breaks off where the service does', async () => {
    const origin = await startOrigin((_request, socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
      return undefined
    })
    const { url } = await proxiedGateway(origin)
    const answer = await fetch(`${url}/old/x`)
    await expect(answer.text()).rejects.toThrow()
  })
})

describe('a service that fails', () => {
  it('503 with Retry-After where nothing listens, 504 where it does not answer', async () => {
    const { url } = await proxiedGateway({ url: 'http://127.0.0.1:9' })
    const refused = await fetch(`${url}/old/x`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
    const silent = await startOrigin(() => undefined)
    const waiting = await proxiedGateway(silent, { timeoutMs: 50 })
    const late = await fetch(`${waiting.url}/old/x`, { method: 'POST' })
    expect([late.status, await late.json()]).toEqual([504, expect.objectContaining({ error: 'deadline_exceeded' })])
    expect(silent.requests.length).toBe(1)
  })

  it.each([
    ['GET', 2, 200],
    ['HEAD', 2, 200],
    ['OPTIONS', 2, 200],
    ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [method, 1, 502] as const),
  ])('%s is sent %d times where the connection is closed', async (method, times, status) => {
    let first = true
    const origin = await startOrigin((_request, socket) => {
      if (!first) return rawResponse('200 OK')
      first = false
      socket.destroy()
      return undefined
    })
    const { url } = await proxiedGateway(origin)
    expect([(await fetch(`${url}/old/x`, { method })).status, origin.requests.length]).toEqual([status, times])
  })

  it('the call ends when the caller hangs up', async () => {
    let closed = false
    const origin = await startOrigin((_request, socket) => {
      socket.on('close', () => {
        closed = true
      })
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
      return undefined
    })
    const { url } = await proxiedGateway(origin)
    const call = httpRequest(`${url}/old/x`).end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.once('error', () => {})
    call.destroy()
    await untilTrue(() => closed, { what: 'the connection to the service is closed' })
  })
})
