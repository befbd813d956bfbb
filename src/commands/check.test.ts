import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { spawnCli } from '../../test/support/cli.ts'
import type { AnyContract } from '../contract/index.ts'
import { startMock } from '../dev/mock/start-mock.ts'
import { type CheckOptions, type CheckResult, checkDeployed } from './check.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const Thing = z.object({ id: z.string(), n: z.int() })
const id = z.object({ id: z.string() })
const CONTRACTS: Readonly<Record<string, AnyContract>> = {
  'get-thing': endpoint({
    ...{ name: 'get-thing', summary: 'A thing.', method: 'GET', path: '/v1/things/{id}', params: id },
    ...{ reply: { status: 200, body: Thing }, access: { anonymous: true } },
  }),
  'list-things': endpoint({
    ...{
      name: 'list-things',
      summary: 'Things.',
      method: 'GET',
      path: '/v1/things',
      query: z.object({ q: z.string() }),
    },
    ...{ reply: { status: 200, body: z.array(Thing) }, access: { scopes: ['things:read'] } },
  }),
  'end-thing': endpoint({
    ...{ name: 'end-thing', summary: 'Ends a thing.', method: 'DELETE', path: '/v1/things/{id}', params: id },
    ...{ reply: { status: 204 }, access: { scopes: ['things:write'] } },
  }),
  'ring-bell': endpoint({
    ...{ name: 'ring-bell', summary: 'Rings.', method: 'POST', path: '/v1/bells' },
    ...{ reply: { status: 204 }, access: { anonymous: true } },
  }),
}

async function mocked(contracts = CONTRACTS) {
  const lines: Readonly<Record<string, unknown>>[] = []
  const mock = await startMock(contracts, { port: 0, seed: '1', onRequest: (line) => void lines.push(line) })
  closers.push(mock.stop)
  return { url: mock.url, lines }
}

async function checked(options: CheckOptions, contracts = CONTRACTS): Promise<readonly CheckResult[]> {
  const all: CheckResult[] = []
  for await (const one of checkDeployed(contracts, options)) all.push(one)
  return all
}
const faultsOf = (all: readonly CheckResult[]) =>
  all.flatMap(({ name, faults }) => faults.map((violation) => `${name}: ${violation}`))

/** Stands before an Ebb, and answers as `spoil` says. */
async function spoiled(
  url: string,
  spoil: (answer: IncomingMessage, response: ServerResponse, asked: IncomingMessage) => void,
) {
  const server = createServer((asked, response) => {
    const { method, headers } = asked
    const onward = send(new URL(asked.url ?? '', url), { method, headers }, (answer) => {
      response.statusCode = answer.statusCode ?? 0
      for (const [name, value] of Object.entries(answer.headers))
        if (value !== undefined) response.setHeader(name, value)
      spoil(answer, response, asked)
      answer.pipe(response)
    })
    asked.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('an Ebb with the same contracts', () => {
  it('passes every check', async () => {
    const { url } = await mocked()
    const all = await checked({ url, key: 'any', origin: 'https://app.example' })
    expect(faultsOf(all)).toEqual([])
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'GET /v1/things/{id}: a response of its contract',
        'GET /v1/things: 401 without a key',
        'GET /v1/things: a response of its contract',
        'DELETE /v1/things/{id}: 401 without a key',
        'POST /v1/bells: 4xx for a body that is not JSON',
        'GET /v1/bells: 405, since it takes POST',
        'OPTIONS /v1/things/{id}: 405, since it takes DELETE, GET, HEAD',
        'CORS allows https://app.example',
      ]),
    )
  })

  it('gets no request that writes: any that could is refused', async () => {
    const { url, lines } = await mocked()
    await checked({ url, key: 'any' })
    const writes = lines.filter(({ method }) => method !== 'GET' && method !== 'OPTIONS')
    expect(writes.map(({ method, path, status }) => [method, path, status])).toEqual([
      ['DELETE', expect.stringMatching(/^.v1.things.\w+/), 401],
      ['POST', '/v1/bells', 400],
    ])
  })
})

describe('an Ebb that differs', () => {
  it('fails by what differs, and gets no request for what it lacks or has opened to all', async () => {
    const { 'end-thing': _gone, ...rest } = CONTRACTS
    const open = endpoint({
      ...{
        name: 'list-things',
        summary: 'Things.',
        method: 'GET',
        path: '/v1/things',
        query: z.object({ q: z.string() }),
      },
      ...{
        reply: { status: 200, body: z.array(Thing.extend({ id: z.string().max(3) })) },
        access: { anonymous: true },
      },
    })
    const { url, lines } = await mocked({ ...rest, 'list-things': open })
    const [compared, ...others] = await checked({ url })
    expect(compared?.faults).toEqual(
      expect.arrayContaining([
        'DELETE /v1/things/{id} is not deployed',
        'GET /v1/things: security is [] there and absent here',
        expect.stringMatching(/^GET \/v1\/things: .*properties\.id\.maxLength is 3 there and absent here$/),
      ]),
    )
    expect(faultsOf(others)).toEqual([])
    expect(lines.filter(({ method, path }) => method === 'DELETE' || path === '/v1/things')).toEqual([])
  })

  it.each<[string, RegExp, Parameters<typeof spoiled>[1]]>([
    [
      'answers without a correlation id',
      /^GET .v1.things.\{id\}.*X-Correlation-Id/,
      (_, response) => void response.removeHeader('x-correlation-id'),
    ],
    [
      'refuses in HTML',
      /401 without a key: its 401 is text.html/,
      (_, response) => void response.setHeader('content-type', 'text/html'),
    ],
    [
      'lets callers in without a key',
      /^GET .v1.things: 401 without a key: it answers 200/,
      ({ statusCode }, response) => {
        if (statusCode === 401) response.statusCode = 200
      },
    ],
    [
      'fails',
      /^GET .v1.things.\{id\}: a response of its contract: it answers 500/,
      (_, response, { url }) => {
        if (url?.startsWith('/v1/things/')) response.statusCode = 500
      },
    ],
    [
      'lists no methods with a 405',
      /405, since it takes POST: it allows null/,
      (_, response) => void response.removeHeader('allow'),
    ],
    [
      'exposes internal headers',
      /it exposes x-powered-by/,
      (_, response) => void response.setHeader('x-powered-by', 'Express'),
    ],
    [
      'allows unknown origins',
      /unknown origin.*it allows https:..ebb-check.invalid/,
      (_, response, { headers }) => void response.setHeader('access-control-allow-origin', headers.origin ?? ''),
    ],
    [
      'is not ready',
      /it is ready: it answers 503/,
      (_, response, { url }) => {
        if (url === '/_/ready') response.statusCode = 503
      },
    ],
  ])('that %s fails', async (_how, violation, spoil) => {
    const { url } = await mocked()
    const faults = faultsOf(await checked({ url: await spoiled(url, spoil), key: 'any' }))
    expect(faults.some((one) => violation.test(one))).toBe(true)
  })

  it('whose replies break the contract fails', async () => {
    const { url } = await mocked()
    const strict = endpoint({
      ...{ name: 'get-thing', summary: 'A thing.', method: 'GET', path: '/v1/things/{id}', params: id },
      ...{ reply: { status: 200, body: Thing.extend({ more: z.string() }) }, access: { anonymous: true } },
    })
    const faults = faultsOf(await checked({ url }, { ...CONTRACTS, 'get-thing': strict }))
    expect(faults.some((one) => /its reply breaks the contract: more: /.test(one))).toBe(true)
  })
})

describe('ebb check', () => {
  it('prints each check, also as JSON, and exits with 1 if one fails', async () => {
    const { url } = await mocked()
    const text = await spawnCli(['check', '--url', url]).ended
    expect([text.code, text.stderr]).toEqual([1, ''])
    expect(text.stdout).toMatch(
      /^FAIL {2}its endpoints are those of this checkout\n( {8}.*\n)* {8}GET \/v1\/products is not deployed\n/m,
    )
    expect(text.stdout).toMatch(/\n\d+ passed, 1 failed$/)
    const json = await spawnCli(['check', '--url', url, '--json']).ended
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, failed: 1 })
  })

  it.each([
    [['check'], 2, /^ebb: ebb check needs --url URL, or --env NAME\. ebb check --help describes it\.\n$/],
    [['check', '--url', 'localhost'], 2, /^ebb: --url must be http:\/\/ or https:\/\/\n$/],
    [['check', '--url', 'http://127.0.0.1:1'], 1, /^ebb: no server answers at http:\/\/127\.0\.0\.1:1\n$/],
  ])('explains what is wrong with %j', async (args, status, sentence) => {
    const { code, stderr } = await spawnCli(args).ended
    expect(code).toBe(status)
    expect(stderr).toMatch(sentence)
  })
})
