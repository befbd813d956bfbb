import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { collectLog, configOf, testBindContext } from '../test-support.ts'
import { type HttpOptions, http as resource } from './http.ts'
import type { HttpClientDependencies } from './open-http-client.ts'
import { HttpError } from './response.ts'
import { closedOrigin, errorOf, serve, setUpHttp } from './test-support.ts'

describe('a response', () => {
  it('is to the request as it was given, with the correlation added', async () => {
    const received = Promise.withResolvers<unknown>()
    const origin = await serve(async (request, response) => {
      const { traceparent, 'x-correlation-id': id, 'content-type': type, 'x-mine': mine } = request.headers
      received.resolve([request.method, request.url, traceparent, id, type, mine, await text(request)])
      response.writeHead(201, { 'content-type': 'application/json', 'x-two': ['a', 'b'] }).end('{"id":7}')
    })
    const response = await setUpHttp().http.post(`${origin}/a?b=c`, {
      json: { name: 'x' },
      headers: { 'X-Mine': 'yes' },
    })
    const { traceparent, correlationId } = testBindContext()
    const sent = ['POST', '/a?b=c', traceparent, correlationId, 'application/json', 'yes', '{"name":"x"}']
    expect(await received.promise).toEqual(sent)
    expect([response.status, response.headers['x-two'], response.text()]).toEqual([201, 'a, b', '{"id":7}'])
    const { id }: { id: number } = response.json(z.object({ id: z.number() }))
    expect([id, response.bytes().length]).toEqual([7, 8])
  })

  it.each(['get', 'put', 'patch', 'delete'] as const)('comes to %s', async (verb) => {
    const origin = await serve((request, response) => void response.end(request.method))
    expect((await setUpHttp().http[verb](origin)).text()).toBe(verb.toUpperCase())
  })

  it.each([204, 301, 404, 500])('with status %i is no error', async (status) => {
    const origin = await serve((_request, response) => void response.writeHead(status).end())
    const { http, delays } = setUpHttp()
    expect((await http.get(origin)).status).toBe(status)
    expect(delays).toEqual([])
  })

  it.each(['{"id":"a secret"}', 'a secret'])('that does not match the schema is an error: %s', async (body) => {
    const origin = await serve((_request, response) => void response.end(body))
    const { http, log, lines } = setUpHttp()
    const response = await http.get(`${origin}/things?key=secret`)
    const error = await errorOf((async () => response.json(z.object({ id: z.number() })))())
    expect(error).toBeInstanceOf(HttpError)
    expect(error).toMatchObject({ code: 'bad_answer', url: `${origin}/things`, attempts: 1 })
    log.error({ err: error }, 'failed')
    expect(lines.join()).not.toContain('secret')
  })

  it('that breaks the protocol is an error, which does not quote it', async () => {
    const origin = await serve(
      (request) => void request.socket.end('HTTP/1.1 200 OK\r\nX-Key: a secret\r\n oops\0\r\n\r\n'),
    )
    const { http, log, lines } = setUpHttp()
    const error = await errorOf(http.post(origin))
    expect(error).toMatchObject({ code: 'network', attempts: 1 })
    log.error({ err: error }, 'failed')
    expect(lines.join()).not.toContain('secret')
  })
})

describe('a limit', () => {
  it('of size ends a larger response, and its connection', async () => {
    const closed = Promise.withResolvers<void>()
    const origin = await serve((_request, response) => {
      response.on('close', closed.resolve)
      response.write(Buffer.alloc(2_000))
    })
    const error = await errorOf(setUpHttp().http.get(origin, { maxBytes: 1_999 }))
    expect(error).toMatchObject({ code: 'too_large', attempts: 1 })
    await closed.promise
  })

  it('of size is 10 MiB by default', async () => {
    const most = 10 * 1024 * 1024
    const origin = await serve(({ url }, response) => void response.end(Buffer.alloc(most + Number(url?.slice(1)))))
    const { http } = setUpHttp()
    expect((await http.get(`${origin}/0`)).bytes().length).toBe(most)
    expect(await errorOf(http.get(`${origin}/1`))).toMatchObject({ code: 'too_large' })
  })

  it.each([false, true])('of time ends each attempt, also after the body has begun: %s', async (begun) => {
    let closed = 0
    const origin = await serve((_request, response) => {
      response.on('close', () => closed++)
      if (begun) response.write('a')
    })
    const error = await errorOf(setUpHttp().http.get(origin, { timeoutMs: 30, retries: 1 }))
    expect(error).toMatchObject({ code: 'timeout', attempts: 2 })
    expect(String(error)).toContain(`GET ${origin}/: there was no complete response in time (attempts: 2)`)
  })

  it.each(['its request', 'its caller'])('%s aborts it at once', async (whose) => {
    const [request, caller] = [new AbortController(), new AbortController()]
    const closed = Promise.withResolvers<void>()
    const origin = await serve((_request, response) => {
      response.on('close', closed.resolve)
      ;(whose === 'its request' ? request : caller).abort(new Error('over'))
    })
    const { http, delays } = setUpHttp({ signal: request.signal })
    const error = await errorOf(http.get(origin, { signal: caller.signal }))
    expect(error).toMatchObject({ code: 'aborted', attempts: 1, cause: { message: 'over' } })
    expect(delays).toEqual([])
    await closed.promise
    expect(await errorOf(http.get(origin, { signal: caller.signal }))).toMatchObject({ code: 'aborted', attempts: 0 })
  })

  it('its request also aborts the delay between two attempts', async () => {
    const request = new AbortController()
    const origin = await serve((_request, response) => void response.writeHead(503).end())
    const sleep: HttpClientDependencies['sleep'] = (_ms, value, options) => {
      setImmediate(() => request.abort(new Error('over')))
      return delay(600_000, value, options)
    }
    const error = await errorOf(setUpHttp({ signal: request.signal, sleep }).http.get(origin))
    expect(error).toMatchObject({ code: 'aborted', attempts: 1, cause: { message: 'over' } })
  })
})

describe('an invalid request', () => {
  it.each<[string, HttpOptions]>([
    ['not-a-url', {}],
    ['ftp://a.example', {}],
    ['http://user:secret@a.example', {}],
    ['http://a.example', { json: 1, body: 'secret' }],
  ])('is refused without an attempt: %s %j', async (url, options) => {
    const error = await errorOf(setUpHttp().http.post(url, options))
    expect(error).toBeInstanceOf(TypeError)
    expect(JSON.stringify(Object.entries(Object(error))) + error).not.toContain('secret')
  })

  it('with a header that cannot be sent is refused, and does not count as a failure of the origin', async () => {
    const origin = await serve((_request, response) => void response.end('here'))
    const { http } = setUpHttp()
    for (let i = 0; i < 10; i++) {
      const error = await errorOf(http.get(origin, { headers: { 'x-a': 'a\nsecret' } }))
      expect(error).not.toBeInstanceOf(HttpError)
      expect(String(error)).not.toContain('secret')
    }
    expect((await http.get(origin)).text()).toBe('here')
  })
})

it('closing aborts the calls that still run', async () => {
  const requested = Promise.withResolvers<void>()
  const origin = await serve(() => requested.resolve())
  const client = resource.open(configOf({}), collectLog().log)
  const error = errorOf(resource.bind(client, testBindContext()).get(origin, { retries: 0 }))
  await requested.promise
  await resource.close?.(client)
  expect(await error).toMatchObject({ code: 'network', cause: { code: 'UND_ERR_DESTROYED' } })
})

it('a closed port is an error', async () => {
  const origin = await closedOrigin()
  const error = await errorOf(setUpHttp().http.get(`${origin}/a?token=secret`))
  expect(error).toMatchObject({ code: 'network', url: `${origin}/a`, attempts: 3, cause: { code: 'ECONNREFUSED' } })
})
