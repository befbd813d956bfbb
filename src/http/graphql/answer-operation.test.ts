import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from '@jest/globals'
import { endpoint, graphql } from 'ebb/contract'
import * as z from 'zod'
import { createLog, parseConfig, registerSecrets } from '../../kernel/index.ts'
import { createApp } from '../app.ts'
import type { Implementation } from '../implement.ts'
import { openResources } from '../resources.ts'
import { implementGraphql } from './implement-graphql.ts'

const Thing = z.object({ id: z.string(), name: z.string() }).meta({ id: 'Thing' })
const Size = z.object({ cm: z.number() }).meta({ id: 'Size' })
const shared = { summary: 'A test.', method: 'GET', access: { anonymous: true } } as const
const getThing = endpoint({
  ...{ ...shared, name: 'get-thing', path: '/v1/things/{id}', params: z.object({ id: z.string() }) },
  reply: { status: 200, body: Thing },
})
const measureThing = endpoint({
  ...{ ...shared, name: 'measure-thing', path: '/v1/things/{id}/size', params: z.object({ id: z.string() }) },
  ...{ reply: { status: 200, body: Size }, failures: { size_unknown: 404 } },
})
const graph = graphql({
  ...{ name: 'graph', summary: 'Things.', path: '/v1/graph', access: { anonymous: true }, timeoutMs: 300 },
  query: { thing: getThing },
  links: { Thing: { size: { to: measureThing, by: { id: 'id' } } } },
  persisted: { documents: { known: '{ thing(id: "1") { id ... @defer { size { cm } } } }' } },
})

const CURRENT = 'multipart/mixed;incrementalSpec=v0.2, application/json'
const LEGACY = 'multipart/mixed;deferSpec=20220824, application/json'
const SECRET = 'a-value-that-nobody-may-see'
const QUERY = '{ thing(id: "1") { id ... @defer(label: "later") { name size { cm } } } }'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface Tools {
  readonly fail: (code: 'size_unknown', message: string) => never
  readonly signal: AbortSignal
}

/** A graph whose things are measured as a test wants. */
async function start(measure: (tools: Tools) => Promise<{ cm: number }> | { cm: number }) {
  const fn = implementGraphql(graph, {}, ({ signal }) => ({
    'get-thing': ({ params }) => ({ id: params.id, name: params.id === 'secret' ? SECRET : 'Lamp' }),
    'measure-thing': (_input, { fail }) => measure({ fail, signal }),
  }))
  const log = createLog({ level: 'silent' })
  const app = createApp(fn as unknown as Implementation, {
    ...{ log, resources: openResources({}, parseConfig({}), log) },
    verify: () => ({ iss: 'ebb:gateway', sub: 'ada', scopes: [] }),
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => void server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  return async (body: object = { query: QUERY }, accept = CURRENT) => {
    const headers = { 'ebb-identity': 'x', 'content-type': 'application/json', accept }
    const call = httpRequest({ port, method: 'POST', path: '/v1/graph', headers })
    call.on('error', () => {}).end(JSON.stringify(body))
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    return { call, response }
  }
}

/** The parts of a response that has come whole. */
const partsIn = (body: string): readonly unknown[] => {
  expect(body).toMatch(/^\r\n---\r\n/)
  expect(body).toMatch(/\r\n-----\r\n$/)
  const parts = body.slice(0, -'-----\r\n'.length).split('\r\n---').slice(1)
  return parts.map((part) =>
    JSON.parse(part.replace(/^\r\nContent-Type: application\/json; charset=utf-8\r\n\r\n/, '')),
  )
}

async function ask(measure: Parameters<typeof start>[0], body?: object, accept?: string) {
  const { response } = await (await start(measure))(body, accept)
  const whole = await text(response)
  return { status: response.statusCode, type: response.headers['content-type'], headers: response.headers, whole }
}

describe('an operation that defers', () => {
  it('sends what is there at once, and the rest when it comes', async () => {
    const gate = Promise.withResolvers<{ cm: number }>()
    const { response } = await (await start(() => gate.promise))()
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      ...[200, 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'],
    ])
    expect(response.headers).toMatchObject({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]()
    const readUntil = async (end: string) => {
      let read = ''
      while (!read.includes(end)) read += (await chunks.next()).value
      return read
    }
    const first = await readUntil('"pending":[{"id":"0","path":["thing"],"label":"later"}]')
    gate.resolve({ cm: 7 })
    expect(partsIn(first + (await readUntil('-----')))).toEqual([
      { data: { thing: { id: '1' } }, pending: [{ id: '0', path: ['thing'], label: 'later' }], hasNext: true },
      {
        ...{ incremental: [{ id: '0', data: { name: 'Lamp', size: { cm: 7 } } }] },
        ...{ completed: [{ id: '0' }], hasNext: false },
      },
    ])
  })

  it('in the format of Apollo before 4.1', async () => {
    const { type, whole } = await ask(() => ({ cm: 7 }), undefined, LEGACY)
    expect(type).toBe('multipart/mixed; boundary="-"; deferSpec=20220824')
    expect(partsIn(whole)).toEqual([
      { data: { thing: { id: '1' } }, hasNext: true },
      {
        incremental: [{ data: { name: 'Lamp', size: { cm: 7 } }, path: ['thing'], label: 'later' }],
        hasNext: false,
      },
    ])
  })

  it.each([
    [
      'where its caller takes no parts',
      { query: QUERY },
      'application/json',
      { id: '1', name: 'Lamp', size: { cm: 7 } },
    ],
    [
      'where it says so',
      { query: '{ thing(id: "1") { id ... @defer(if: false) { size { cm } } } }' },
      ...[CURRENT, { id: '1', size: { cm: 7 } }],
    ],
  ] as const)('comes whole %s', async (_, body, accept, thing) => {
    const { type, whole } = await ask(() => ({ cm: 7 }), body, accept)
    expect([type, JSON.parse(whole)]).toEqual(['application/json', { data: { thing } }])
  })

  it('may be a persisted one', async () => {
    const { whole } = await ask(() => ({ cm: 7 }), { documentId: 'known' })
    expect(partsIn(whole)).toHaveLength(2)
  })
})

describe('what goes wrong in a part', () => {
  const errorsOf = (whole: string) => {
    const last = partsIn(whole).at(-1) as Record<string, readonly { readonly errors?: readonly object[] }[]>
    return [...(last.incremental ?? []), ...(last.completed ?? [])].flatMap(({ errors = [] }) => errors)
  }

  it('has the code of its endpoint', async () => {
    const { whole } = await ask(({ fail }) => fail('size_unknown', 'Nobody has measured it.'))
    expect(errorsOf(whole)).toEqual([
      {
        ...{ message: 'Nobody has measured it.', path: ['thing', 'size'], locations: [expect.any(Object)] },
        extensions: { code: 'size_unknown', status: 404, correlationId: expect.any(String) },
      },
    ])
  })

  it('stays inside where it is a fault of ours', async () => {
    const { whole } = await ask(() => Promise.reject(new Error('the password is 1234')))
    expect(errorsOf(whole)).toMatchObject([{ path: ['thing', 'size'], extensions: { code: 'internal', status: 500 } }])
    expect(whole).not.toContain('1234')
  })

  it('is the time of the contract, which is over for all parts: the response ends, and says so', async () => {
    const { status, whole } = await ask(() => new Promise(() => {}))
    expect([status, partsIn(whole).length]).toEqual([200, 2])
    expect(partsIn(whole)[1]).toEqual({
      completed: [{ id: '0', errors: [expect.objectContaining({ extensions: expect.any(Object) })] }],
      hasNext: false,
    })
    expect(errorsOf(whole)).toMatchObject([{ extensions: { code: 'deadline_exceeded', status: 504 } }])
  })

  it('is said in the older format, too', async () => {
    const { whole } = await ask(() => new Promise(() => {}), undefined, LEGACY)
    expect(partsIn(whole)[1]).toEqual({
      errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'deadline_exceeded' }) })],
      hasNext: false,
    })
  })

  it.each([
    ['is missing, and what comes before it is not', '{ thing(id: "secret") { id ... @defer { name } } }', 200],
    ['ends all where it is in the first one', '{ thing(id: "secret") { name ... @defer { size { cm } } } }', 500],
  ])('%s: the value of a secret', async (_, query, status) => {
    registerSecrets(SECRET)
    const answer = await ask(() => ({ cm: 7 }), { query })
    expect([answer.status, answer.whole.includes(SECRET)]).toEqual([status, false])
    if (status === 200) expect(errorsOf(answer.whole)).toMatchObject([{ extensions: { code: 'internal' } }])
  })

  it('is a 504 where that is over before the first one', async () => {
    const query = '{ thing(id: "1") { size { cm } ... @defer { name } } }'
    const { status, type } = await ask(() => new Promise(() => {}), { query })
    expect([status, type]).toEqual([504, 'application/problem+json'])
  })

  it('ends with a caller who hangs up', async () => {
    const ended = Promise.withResolvers<unknown>()
    const call = await start(({ signal }) => {
      signal.addEventListener('abort', () => ended.resolve(signal.reason))
      return new Promise(() => {})
    })
    const { call: sent, response } = await call()
    response.on('error', () => {})
    await once(response, 'data')
    sent.destroy()
    expect(await ended.promise).toMatchObject({ code: 'caller_gone' })
  })
})
