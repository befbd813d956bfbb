import type { RequestListener } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { checkResourceAllowed, discoverOAuthProtectedResourceMetadata } from '@modelcontextprotocol/client'
import { createMemoryStore } from '../cache/memory-store.ts'
import {
  cachedContracts,
  connectClient,
  guardedContracts,
  patchContracts,
  plainRequest,
  statelessRequest,
  toolContracts,
} from '../mcp/test-support.ts'
import { type TestOptions, testGateway } from '../test-support.ts'

const KEYS = {
  writer: { sub: 'ann', scopes: ['things:write'] },
  reader: { sub: 'bob', scopes: [] },
  acme: { sub: 'ann', tenant: 'acme', scopes: [] },
}

/** Answers as the functions of those contracts would. */
const functions: RequestListener = (request, response) => {
  const send = (status: number, body?: unknown) => {
    response.writeHead(status, { 'ebb-revision': '1', ...(body ? { 'content-type': 'application/json' } : {}) })
    response.end(body === undefined ? '' : JSON.stringify(body))
  }
  request.resume().on('end', () => {
    if (request.url === '/v1/things/none') return send(404, { status: 404, error: 'thing_not_found', message: 'None.' })
    if (request.method === 'DELETE') return send(204)
    if (request.method === 'POST') return send(201, { id: 'new' })
    if (request.url === '/v1/things/mine' || request.url === '/v1/ours') return send(200, [{ id: '1' }])
    send(200, { id: decodeURIComponent(String(request.url?.split(/[/?]/)[3])), n: 1e21 })
  })
}

const testTools = ({ dependencies, ...options }: TestOptions = {}) =>
  testGateway({
    upstream: functions,
    ...options,
    dependencies: {
      contracts: () => toolContracts,
      authenticate: {
        key: (key) => {
          const caller = KEYS[key as keyof typeof KEYS]
          return caller && { caller, credential: { kind: 'key', id: key } }
        },
      },
      ...dependencies,
    },
  })

const CLIENTS = [['legacy'], ['auto'], [{ pin: '2026-07-28' }]] as const

describe('the official client, by each of its ways', () => {
  it.each(CLIENTS)('%j: lists without a call of any function, and calls', async (mode) => {
    const { url, invoked, shortCircuits } = await testTools()
    const client = await connectClient(url, { key: 'writer', mode })
    expect(client.getServerVersion()).toMatchObject({ name: 'ebb', title: 'Things', version: '7' })
    expect(client.getInstructions()).toBe('All about things.')
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['end-thing', 'get-one', 'get-thing', 'list-my-things', 'make-thing'])
    // The older way asks for a stream that there is not.
    expect([invoked, shortCircuits]).toEqual([[], mode === 'legacy' ? ['method_not_allowed'] : []])
    const made = await client.callTool({
      name: 'make-thing',
      arguments: { body: { name: 'a' }, idempotencyKey: 'k' },
    })
    expect(made).toMatchObject({
      content: [{ type: 'text', text: '{"id":"new"}' }],
      structuredContent: { id: 'new' },
      _meta: { 'ebb/status': 201 },
    })
    expect(made.isError).not.toBe(true)
    const refused = await client.callTool({ name: 'get-thing', arguments: { params: { id: 'none' } } })
    expect(refused).toMatchObject({ isError: true, _meta: { 'ebb/status': 404 } })
    expect(JSON.parse((refused.content as { text: string }[])[0]?.text ?? '')).toMatchObject({
      error: 'thing_not_found',
    })
    expect(await client.callTool({ name: 'end-thing', arguments: { params: { id: '1' } } })).toMatchObject({
      content: [{ type: 'text', text: 'Done.' }],
      _meta: { 'ebb/status': 204 },
    })
    const mine = await client.callTool({ name: 'list-my-things', arguments: {} })
    expect(mine.content).toEqual([{ type: 'text', text: '[{"id":"1"}]' }])
    expect(invoked).toEqual(['POST /v1/things', 'GET /v1/things/none', 'DELETE /v1/things/1', 'GET /v1/things/mine'])
    await client.close()
  })

  it('speaks the revision without a handshake where it may', async () => {
    const { url } = await testTools()
    expect((await connectClient(url)).getNegotiatedProtocolVersion()).toBe('2026-07-28')
    expect((await connectClient(url, { mode: 'legacy' })).getNegotiatedProtocolVersion()).toBe('2025-11-25')
  })
})

describe('a list', () => {
  it.each([
    [undefined, ['get-one', 'get-thing']],
    ['reader', ['end-thing', 'get-one', 'get-thing', 'list-my-things']],
    ['acme', ['end-thing', 'get-one', 'get-thing', 'list-my-things', 'list-ours']],
    ['writer', ['end-thing', 'get-one', 'get-thing', 'list-my-things', 'make-thing']],
  ])('has for %s what it may call, and everything else is refused as by HTTP', async (key, expected) => {
    const { url } = await testTools()
    const headers = key === undefined ? {} : { 'x-api-key': key }
    const listed = await sendJson(url, statelessRequest('tools/list', {}, headers))
    expect(listed.result.tools.map(({ name }: { name: string }) => name)).toEqual(expected)
    expect(listed.result).toMatchObject({ resultType: 'complete', ttlMs: 60_000, cacheScope: 'private' })
    for (const { name, method, path } of toolContracts.routes) {
      const byHttp = await fetch(url + path.replace('{id}', '7'), {
        method,
        headers: {
          ...headers,
          ...(method === 'POST' ? { 'content-type': 'application/json', 'idempotency-key': 'k' } : {}),
        },
        ...(method === 'POST' ? { body: '{"name":"a"}' } : {}),
      })
      if (!toolContracts.tools.some((tool) => tool.name === name)) continue
      const args = {
        ...(path.includes('{') ? { params: { id: '7' } } : {}),
        ...(method === 'POST' ? { body: { name: 'a' }, idempotencyKey: 'k' } : {}),
      }
      const answer = await fetch(`${url}/mcp`, statelessRequest('tools/call', { name, arguments: args }, headers))
      const { result } = (await answer.json()) as { result?: { _meta: { 'ebb/status': number } } }
      expect([name, result?._meta['ebb/status'] ?? answer.status]).toEqual([name, byHttp.status])
      expect([401, 403].includes(byHttp.status)).toBe(!expected.includes(name))
    }
  })

  it('comes in pages, whose cursor is no secret and no offset', async () => {
    const many = Array.from({ length: 230 }, (_, i) => `t${String(i).padStart(3, '0')}`)
    const [route] = toolContracts.routes.filter(({ name }) => name === 'get-one')
    const [tool] = toolContracts.tools.filter(({ name }) => name === 'get-one')
    if (!route || !tool) throw new Error('get-one is gone')
    const contracts = {
      ...toolContracts,
      routes: many.map((name) => ({ ...route, name, path: `/v1/${name}` })),
      tools: many.map((name) => ({ ...tool, name })),
    }
    const { url } = await testTools({ dependencies: { contracts: () => contracts } })
    const client = await connectClient(url)
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(many)
    const second = await sendJson(url, statelessRequest('tools/list', { cursor: 't099' }))
    expect([second.result.tools.length, second.result.tools[0].name, second.result.nextCursor]).toEqual([
      100,
      't100',
      't199',
    ])
    expect(await sendJson(url, statelessRequest('tools/list', { cursor: 'A B' }))).toMatchObject({
      error: { code: -32_602 },
    })
  })

  it('describes a tool by its contract', async () => {
    const { url } = await testTools()
    const { result } = await sendJson(url, statelessRequest('tools/list', {}, { 'x-api-key': 'writer' }))
    const toolOf = (name: string) => result.tools.find((tool: { name: string }) => tool.name === name)
    expect(toolOf('make-thing')).toMatchObject({
      ...{ title: 'Make thing', description: 'Makes a thing.' },
      inputSchema: {
        ...{ type: 'object', required: ['body', 'idempotencyKey'], additionalProperties: false },
        properties: { body: { type: 'object', required: ['name'] }, idempotencyKey: { type: 'string' } },
      },
      outputSchema: { type: 'object', required: ['id'] },
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    })
    expect(toolOf('get-thing')).toMatchObject({
      description: 'Shows a thing.\n\nIt may be refused with `thing_not_found`.',
      inputSchema: { required: ['params'] },
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
    })
    expect(toolOf('end-thing')).toMatchObject({ annotations: { destructiveHint: true } })
    expect(toolOf('end-thing')).not.toHaveProperty('outputSchema')
    expect(toolOf('list-my-things')).toMatchObject({ title: 'My things', outputSchema: { type: 'array' } })
  })
})

describe('a call', () => {
  const call = (url: string, name: string, args: object, headers: Record<string, string> = {}) =>
    sendJson(url, statelessRequest('tools/call', { name, arguments: args }, headers))

  it('reaches its function as a request by HTTP does, with the same caller and trace', async () => {
    const seen: unknown[] = []
    const { url, lines, answered } = await testTools({
      upstream: (request, response) => {
        const { method, headers } = request
        seen.push([method, request.url, headers['ebb-identity'], headers['x-tone']])
        seen.push([headers['x-correlation-id'], headers.traceparent?.slice(3, 35)])
        seen.push([headers['x-api-key'], headers['mcp-method'], headers.accept])
        functions(request, response)
      },
    })
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const about = {
      'x-api-key': 'writer',
      'x-correlation-id': '0b6b4a5e-8a07-4c0e-9a5e-1f1f6d1a0a11',
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
    }
    const args = { params: { id: 'a b' }, query: { limit: 3, tags: ['x', 'y&z'] }, headers: { 'x-tone': 'loud' } }
    const { result } = await call(url, 'get-thing', args, about)
    expect(result).toMatchObject({ resultType: 'complete', structuredContent: { id: 'a b' } })
    // As the function wrote it.
    expect(result.content[0].text).toContain('"n":1e+21')
    expect(seen).toEqual([
      ['GET', '/v1/things/a%20b?limit=3&tags=x&tags=y%26z', 'ann for get-thing', 'loud'],
      ['0b6b4a5e-8a07-4c0e-9a5e-1f1f6d1a0a11', trace],
      [undefined, undefined, undefined],
    ])
    expect(lines).toContainEqual(
      expect.objectContaining({
        ...{ msg: 'request', function: 'get-thing', route: '/v1/things/{id}', method: 'GET', status: 200 },
        ...{
          path: '/v1/things/a%20b',
          caller: 'ann',
          correlationId: '0b6b4a5e-8a07-4c0e-9a5e-1f1f6d1a0a11',
          traceId: trace,
          tool: true,
        },
      }),
    )
    expect(answered).toContainEqual(expect.objectContaining({ route: '/v1/things/{id}', invoked: 'get-thing' }))
    expect(answered).toContainEqual(expect.objectContaining({ route: '/mcp', invoked: undefined, status: 200 }))
  })

  it.each<[string, string, object, string[]]>([
    ['what its contract refuses', 'get-thing', { params: { id: '1' }, query: { limit: 'many' } }, ['query.limit']],
    ['an unknown part', 'get-thing', { params: { id: '1' }, quantity: 1 }, ['quantity']],
    ['a part that is no object', 'get-thing', { params: '1' }, ['params']],
    ['a missing parameter', 'get-thing', {}, ['params.id']],
    ['a parameter too many', 'get-thing', { params: { id: '1', of: '2' } }, ['params.of']],
    ['a parameter that leads elsewhere', 'get-thing', { params: { id: '../hidden' } }, ['params.id']],
    ['a parameter that is a dot', 'get-thing', { params: { id: '..' } }, ['params.id']],
    ['an object in the query', 'get-thing', { params: { id: '1' }, query: { limit: {} } }, ['query.limit']],
    [
      'a header of its own',
      'get-thing',
      { params: { id: '1' }, headers: { 'ebb-identity': 'x' } },
      ['headers.ebb-identity'],
    ],
    [
      'a header with a new line',
      'get-thing',
      { params: { id: '1' }, headers: { 'x-tone': 'a\r\nb: c' } },
      ['headers.x-tone'],
    ],
    ['a body that is none', 'get-thing', { params: { id: '1' }, body: {} }, ['body']],
    ['no key', 'make-thing', { body: { name: 'a' } }, ['idempotencyKey']],
    ['a key of blanks', 'make-thing', { body: { name: 'a' }, idempotencyKey: ' ' }, ['headers.idempotency-key']],
    ['no body', 'make-thing', { idempotencyKey: 'k' }, ['body']],
  ])('with %s is refused, and the model is told where', async (_what, name, args, paths) => {
    const { url, invoked } = await testTools()
    const { result } = await call(url, name, args, { 'x-api-key': 'writer' })
    expect(result).toMatchObject({ isError: true, structuredContent: { error: 'invalid_request', status: 400 } })
    expect(result.structuredContent.details.map(({ path }: { path: string }) => path)).toEqual(paths)
    expect(invoked).toEqual([])
  })

  it('leads to no other endpoint than its own', async () => {
    const { url, invoked } = await testTools()
    const { result } = await call(url, 'get-thing', { params: { id: 'mine' } })
    expect(result).toMatchObject({ isError: true, structuredContent: { error: 'not_found' } })
    expect(invoked).toEqual([])
  })

  it('frees its place when it is over', async () => {
    const { url, invoked } = await testTools()
    // One more than may wait for one instance that takes one request.
    for (let i = 0; i < 12; i++) expect((await call(url, 'get-one', {})).result).not.toHaveProperty('isError')
    expect(invoked.length).toBe(12)
  })

  it('is refused while the gateway is late, as its endpoint would be', async () => {
    const { url, invoked, shed } = await testTools({
      dependencies: { load: { lagMs: () => 1_000, requestCame: () => {} } },
    })
    expect((await call(url, 'get-one', {})).result).toMatchObject({ structuredContent: { error: 'unavailable' } })
    expect([invoked, shed]).toEqual([[], ['event_loop']])
  })

  it('is counted by a limit', async () => {
    let left = 3
    const limiter: NonNullable<TestOptions['dependencies']>['limiter'] = ({ rates }) => {
      left--
      const allowed = left >= 0
      return {
        ...{ allowed, release: () => {}, undo: () => {}, slots: undefined },
        rates: rates.map(() => ({ allowed, remaining: Math.max(0, left), waitSeconds: 7 })),
      }
    }
    const { url, invoked, refused } = await testTools({ dependencies: { limiter } })
    for (let i = 0; i < 3; i++) expect((await call(url, 'get-one', {})).result).not.toHaveProperty('isError')
    expect((await call(url, 'get-one', {})).result).toMatchObject({
      ...{ isError: true, structuredContent: { error: 'rate_limited', policy: 'burst' } },
      _meta: { 'ebb/status': 429, 'ebb/retry-after': '7' },
    })
    expect([invoked.length, refused]).toEqual([3, ['burst']])
  })

  it('with a key that was used is answered by what is stored', async () => {
    const response = { status: 201, headers: { 'content-type': 'application/json' }, body: Buffer.from('{"id":"old"}') }
    const { url, invoked, shortCircuits } = await testTools({
      dependencies: { findStoredResponse: async () => ({ status: 'finished', response }) },
    })
    const args = { body: { name: 'a' }, idempotencyKey: 'k' }
    expect((await call(url, 'make-thing', args, { 'x-api-key': 'writer' })).result).toMatchObject({
      structuredContent: { id: 'old' },
      _meta: { 'ebb/idempotency-replayed': 'true' },
    })
    expect([invoked, shortCircuits]).toEqual([[], ['replayed']])
  })

  it('is answered by what the gateway has kept for the endpoint, and fills that for others', async () => {
    const { url, invoked, shortCircuits } = await testTools({
      dependencies: {
        contracts: () => cachedContracts,
        cache: { store: createMemoryStore({ maxBytes: 1_000_000 }) },
      },
    })
    const first = await call(url, 'get-thing', { params: { id: '5' } })
    expect(first.result).toMatchObject({ structuredContent: { id: '5' } })
    expect((await call(url, 'get-thing', { params: { id: '5' } })).result.content).toEqual(first.result.content)
    expect(await (await fetch(`${url}/v1/things/5`)).text()).toBe(first.result.content[0].text)
    expect([invoked, shortCircuits]).toEqual([['GET /v1/things/5'], ['cached', 'cached']])
  })

  it('sends a patch as what it is, and tells of every reply that there is', async () => {
    const types: unknown[] = []
    const { url } = await testTools({
      dependencies: { contracts: () => patchContracts },
      upstream: (request, response) => {
        const about = { 'ebb-revision': '1' }
        if (request.method === 'PATCH') types.push(request.headers['content-type'])
        request.resume().on('end', () => {
          if (request.url === '/v1/pay')
            return response.writeHead(303, { ...about, location: 'https://pay.example.com/7' }).end()
          return types.length === 1
            ? response.writeHead(200, { ...about, 'content-type': 'application/json' }).end('{"id":"1","n":2}')
            : response.writeHead(204, about).end()
        })
      },
    })
    const params = { id: '1' }
    const changed = await call(url, 'change-thing', { params, body: { n: 2 } })
    expect(changed.result).toMatchObject({ content: [{ text: '{"id":"1","n":2}' }], _meta: { 'ebb/status': 200 } })
    const body = [{ op: 'remove', path: '/n' }]
    expect((await call(url, 'change-thing', { params, body })).result).toMatchObject({
      content: [{ text: 'Done.' }],
      _meta: { 'ebb/status': 204 },
    })
    expect(types).toEqual(['application/merge-patch+json', 'application/json-patch+json'])
    const { result } = await call(url, 'pay-thing', {})
    expect(result).toMatchObject({
      content: [{ text: 'Go on at https://pay.example.com/7' }],
      _meta: { 'ebb/status': 303 },
    })
    expect(result).not.toHaveProperty('isError')
  })

  it('whose reply is larger than a result may be is refused, and its function need not go on', async () => {
    const closed = Promise.withResolvers<void>()
    const { url } = await testTools({
      upstream: (request, response) => {
        request.resume()
        response.on('close', closed.resolve)
        response.writeHead(200, { 'content-type': 'application/json', 'ebb-revision': '1' })
        const chunk = Buffer.alloc(256 * 1024, 0x20)
        const fill = () => {
          while (!response.destroyed && response.write(chunk));
        }
        response.on('drain', fill)
        fill()
      },
    })
    expect((await call(url, 'get-one', {})).result).toMatchObject({
      isError: true,
      structuredContent: { error: 'bad_gateway', message: expect.stringMatching(/more than 2097152 bytes/) },
    })
    await closed.promise
  })

  it('whose reply finds no memory is refused, and gives back what it took', async () => {
    const { url, shed } = await testTools({
      maxBufferedBytes: 300_000,
      upstream: (request, response) => {
        request.resume()
        response.writeHead(200, { 'content-type': 'application/json', 'ebb-revision': '1' })
        response.end(JSON.stringify({ id: 'x'.repeat(request.url === '/v1/one' ? 200_000 : 80_000) }))
      },
    })
    expect((await call(url, 'get-one', {})).result).toMatchObject({ structuredContent: { error: 'unavailable' } })
    expect(shed).toEqual(['bodies'])
    for (let i = 0; i < 3; i++)
      expect((await call(url, 'get-thing', { params: { id: '1' } })).result).not.toHaveProperty('isError')
  })

  it('whose function fails, or breaks off, is an error of the tool', async () => {
    let breaks = false
    const { url } = await testTools({
      upstream: (request, response) => {
        request.resume()
        if (!breaks) return void response.writeHead(500).end('oops')
        response.writeHead(200, { 'ebb-revision': '1', 'content-type': 'application/json', 'content-length': '90' })
        response.write('{"id"', () => response.destroy())
      },
    })
    const failed = { isError: true, structuredContent: { error: 'bad_gateway', status: 502 } }
    expect((await call(url, 'get-one', {})).result).toMatchObject(failed)
    breaks = true
    expect((await call(url, 'get-one', {})).result).toMatchObject(failed)
  })

  it('ends with its caller', async () => {
    const [began, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { url } = await testTools({
      upstream: (request) => {
        request.resume().socket.on('close', () => ended.resolve())
        began.resolve()
      },
    })
    const controller = new AbortController()
    const answer = fetch(`${url}/mcp`, {
      ...statelessRequest('tools/call', { name: 'get-one', arguments: {} }),
      signal: controller.signal,
    })
    await began.promise
    controller.abort()
    await expect(answer).rejects.toThrow(/abort/)
    await ended.promise
  })
})

describe('who is not known', () => {
  it('is asked to log in where no tool is for everybody, at the first request', async () => {
    const { url, invoked } = await testTools({ dependencies: { contracts: () => guardedContracts } })
    const answer = await fetch(`${url}/mcp`, statelessRequest('server/discover'))
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    await expect(connectClient(url)).rejects.toThrow()
    expect(invoked).toEqual([])
  })

  it('is asked to log in for a tool that takes a login, and told where', async () => {
    const { url } = await testTools({
      dependencies: {
        issuers: ['https://login.example.com'],
        authenticate: {
          key: () => undefined,
          token: () => ({ caller: KEYS.reader, credential: { kind: 'token', id: 'https://login.example.com' } }),
        },
      },
    })
    const make = { name: 'make-thing', arguments: { body: { name: 'a' }, idempotencyKey: 'k' } }
    const unknown = await fetch(`${url}/mcp`, statelessRequest('tools/call', make))
    const metadata = `resource_metadata="${url}/.well-known/oauth-protected-resource"`
    expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer scope="things:write", ${metadata}`,
    ])
    const found = await discoverOAuthProtectedResourceMetadata(new URL('/mcp', url))
    expect(found).toMatchObject({ resource: url, authorization_servers: ['https://login.example.com'] })
    const asked = { requestedResource: new URL('/mcp', url), configuredResource: found.resource }
    expect(checkResourceAllowed(asked)).toBe(true)
    const lacking = await fetch(`${url}/mcp`, statelessRequest('tools/call', make, { authorization: 'Bearer t' }))
    expect([lacking.status, lacking.headers.get('www-authenticate')]).toEqual([
      403,
      `Bearer error="insufficient_scope", scope="things:write", ${metadata}`,
    ])
  })

  it.each([['x-api-key'], ['authorization']])(
    'is a 401 with a wrong key in %s, also where none is needed',
    async (name) => {
      const { url } = await testTools()
      expect((await fetch(`${url}/mcp`, statelessRequest('tools/list', {}, { [name]: 'Bearer wrong' }))).status).toBe(
        401,
      )
    },
  )
})

describe('pages', () => {
  const list = (url: string, headers: Record<string, string>) =>
    fetch(`${url}/mcp`, statelessRequest('tools/list', {}, headers)).then(({ status }) => status)

  it('of another origin are refused unless they may call the API', async () => {
    const { url, port } = await testTools({ dependencies: { corsOrigins: ['https://app.example.com'] } })
    expect(await list(url, { origin: 'https://evil.example.com' })).toBe(403)
    expect(await list(url, { origin: 'null' })).toBe(403)
    expect(await list(url, { origin: 'https://app.example.com' })).toBe(200)
    expect(await list(url, { origin: `http://127.0.0.1:${port}` })).toBe(200)
  })

  it('may send what the protocol needs', async () => {
    const { url } = await testTools({ dependencies: { corsOrigins: ['https://app.example.com'] } })
    const preflight = await fetch(`${url}/mcp`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(
      /authorization, .*mcp-protocol-version, mcp-method, mcp-name/,
    )
  })
})

describe('the wire', () => {
  it.each<[string, RequestInit, number, unknown]>([
    ['no JSON', plainRequest('{'), 400, { error: { code: -32_700 } }],
    ['no message', plainRequest({ id: 1, method: 'ping' }), 400, { error: { code: -32_600 } }],
    ['an id of null', plainRequest({ jsonrpc: '2.0', id: null, method: 'ping' }), 400, { error: { code: -32_600 } }],
    [
      'parameters by position',
      plainRequest({ jsonrpc: '2.0', id: 1, method: 'ping', params: [1] }),
      400,
      { error: { code: -32_600 } },
    ],
    [
      'a revision of nobody',
      statelessRequestOf({ version: '1900-01-01' }),
      400,
      {
        id: 1,
        error: {
          code: -32_022,
          data: { requested: '1900-01-01', supported: expect.arrayContaining(['2026-07-28', '2025-11-25']) },
        },
      },
    ],
    [
      'another revision in the header',
      statelessRequestOf({ headers: { 'mcp-protocol-version': '2025-11-25' } }),
      400,
      { id: 1, error: { code: -32_020 } },
    ],
    [
      'another method in the header',
      statelessRequestOf({ headers: { 'mcp-method': 'ping' } }),
      400,
      { error: { code: -32_020 } },
    ],
    ['no method in the header', statelessRequestOf({ without: 'mcp-method' }), 400, { error: { code: -32_020 } }],
    [
      'no revision in the header',
      statelessRequestOf({ without: 'mcp-protocol-version' }),
      400,
      { error: { code: -32_020 } },
    ],
    ['no capabilities', statelessRequestOf({ capabilities: false }), 400, { error: { code: -32_602 } }],
    [
      'a revision in the header alone',
      plainRequest({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { 'mcp-protocol-version': '2026-07-28' }),
      400,
      { error: { code: -32_602 } },
    ],
    ['a method of before', statelessRequest('ping'), 404, { id: 1, error: { code: -32_601 } }],
    [
      'an unknown tool',
      statelessRequest('tools/call', { name: 'get-hidden' }),
      200,
      { error: { code: -32_602, message: 'Unknown tool: get-hidden' } },
    ],
    [
      'arguments that are a list',
      statelessRequest('tools/call', { name: 'get-one', arguments: [] }),
      200,
      { error: { code: -32_602 } },
    ],
    [
      'a name in Base64',
      statelessRequest('tools/call', { name: 'get-one' }, { 'mcp-name': `=?base64?${btoa('get-one')}?=` }),
      200,
      { result: { resultType: 'complete' } },
    ],
    [
      'another name in the header',
      statelessRequest('tools/call', { name: 'get-one' }, { 'mcp-name': 'get-thing' }),
      400,
      { error: { code: -32_020 } },
    ],
    [
      'discovery',
      statelessRequest('server/discover'),
      200,
      {
        result: {
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: {} },
          ttlMs: 60_000,
          cacheScope: 'public',
          _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'ebb', title: 'Things', version: '7' } },
        },
      },
    ],
  ])('%s', async (_what, request, status, body) => {
    const { url } = await testTools()
    const answer = await fetch(`${url}/mcp`, request)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/json'])
    expect(await answer.json()).toMatchObject(body as object)
  })

  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26'],
    ['2026-07-28', '2025-11-25'],
    ['2024-11-05', '2025-11-25'],
  ])('initialize of %s is agreed on as %s', async (protocolVersion, agreed) => {
    const { url } = await testTools()
    const send = (message: object, headers = {}) =>
      fetch(`${url}/mcp`, plainRequest({ jsonrpc: '2.0', ...message }, headers))
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    const answer = await send({ id: 'a', method: 'initialize', params })
    expect(answer.headers.get('mcp-session-id')).toBeNull()
    expect(await answer.json()).toEqual({
      ...{ jsonrpc: '2.0', id: 'a' },
      result: {
        ...{ protocolVersion: agreed, capabilities: { tools: {} }, instructions: 'All about things.' },
        serverInfo: { name: 'ebb', title: 'Things', version: '7' },
      },
    })
    const header = { 'mcp-protocol-version': agreed }
    const initialized = await send({ method: 'notifications/initialized' }, header)
    expect([initialized.status, await initialized.text()]).toEqual([202, ''])
    expect(await (await send({ id: 2, method: 'ping' }, header)).json()).toEqual({ jsonrpc: '2.0', id: 2, result: {} })
    expect(await (await send({ id: 3, method: 'prompts/list' }, header)).json()).toMatchObject({
      error: { code: -32_601 },
    })
    expect((await send({ id: 1, result: {} }, header)).status).toBe(202)
  })

  it('takes several messages at once in 2025-03-26, and in no other revision', async () => {
    const { url, invoked } = await testTools()
    const messages = [
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 0 } },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'get-one', arguments: {} } },
      { jsonrpc: '2.0', id: 3, method: 'nothing' },
    ]
    const answer = await fetch(`${url}/mcp`, plainRequest(messages))
    expect(await answer.json()).toMatchObject([{ id: 1 }, { id: 2, result: {} }, { id: 3, error: { code: -32_601 } }])
    expect(invoked).toEqual(['GET /v1/one'])
    expect((await fetch(`${url}/mcp`, plainRequest([messages[1]]))).status).toBe(202)
    const other = await fetch(`${url}/mcp`, plainRequest(messages, { 'mcp-protocol-version': '2025-06-18' }))
    expect([other.status, await other.json()]).toEqual([400, expect.objectContaining({ error: expect.anything() })])
    expect((await fetch(`${url}/mcp`, plainRequest([]))).status).toBe(400)
    expect((await fetch(`${url}/mcp`, plainRequest(Array(21).fill(messages[0])))).status).toBe(400)
  })

  it.each(['GET', 'DELETE'])('405 %s: there is no stream and no session', async (method) => {
    const { url } = await testTools()
    const answer = await fetch(`${url}/mcp`, { method, headers: { accept: 'text/event-stream' } })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('404 where no endpoint is a tool', async () => {
    const { url } = await testGateway()
    expect((await fetch(`${url}/mcp`, statelessRequest('tools/list'))).status).toBe(404)
  })

  it('413 more than a body and what is around it may have, and 415 what is no JSON', async () => {
    const { url } = await testTools()
    const large = statelessRequest('tools/call', { name: 'get-one', arguments: { body: 'x'.repeat(1_200_000) } })
    expect((await fetch(`${url}/mcp`, large)).status).toBe(413)
    expect(
      (await fetch(`${url}/mcp`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' })).status,
    ).toBe(415)
    const body = { name: 'x'.repeat(1_060_000) }
    const inner = statelessRequest(
      'tools/call',
      { name: 'make-thing', arguments: { body, idempotencyKey: 'k' } },
      { 'x-api-key': 'writer' },
    )
    expect((await sendJson(url, inner)).result).toMatchObject({ structuredContent: { error: 'payload_too_large' } })
  })

  it('has the tools of the contracts that are there now', async () => {
    let contracts = toolContracts as typeof toolContracts | typeof guardedContracts
    const { url } = await testTools({ dependencies: { contracts: () => contracts } })
    const names = async () => {
      const { result } = await sendJson(url, statelessRequest('tools/list', {}, { 'x-api-key': 'writer' }))
      return result.tools.length
    }
    expect(await names()).toBe(5)
    contracts = guardedContracts
    expect(await names()).toBe(1)
  })
})

// biome-ignore lint/suspicious/noExplicitAny: what a test reads of it, it compares.
async function sendJson(url: string, request: RequestInit): Promise<any> {
  const answer = await fetch(`${url}/mcp`, request)
  expect(answer.status).toBe(200)
  return answer.json()
}

/** A list of tools, with something about it that is wrong. */
function statelessRequestOf({
  version = '2026-07-28',
  capabilities = true,
  headers = {},
  without,
}: {
  readonly version?: string
  readonly capabilities?: boolean
  readonly headers?: Record<string, string>
  readonly without?: string
}): RequestInit {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    ...(capabilities ? { 'io.modelcontextprotocol/clientCapabilities': {} } : {}),
  }
  const request = statelessRequest('tools/list', { _meta: meta }, { 'mcp-protocol-version': version, ...headers })
  const kept = Object.entries(request.headers as Record<string, string>).filter(([name]) => name !== without)
  return { ...request, headers: Object.fromEntries(kept) }
}
