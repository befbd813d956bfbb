import { createHmac } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { createIdentityVerifier, generateIdentityKeys } from 'ebb/protocol'
import supertest from 'supertest'
import * as z from 'zod'
import { authorizer, contractSet, endpoint } from '../../../contract/index.ts'
import { createIdentitySigner } from '../../../protocol/index.ts'
import { type Implementation, implement } from '../../implement.ts'
import { createApp, openResources } from '../../index.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { sendRaw, testGateway } from '../test-support.ts'

const SECRETS: Readonly<Record<string, string>> = { acme: 'acme-secret', other: 'other-secret' }

const checkPartner = authorizer({
  ...{ name: 'check-partner', summary: 'Tell partners by their secret.', ttlSeconds: 60 },
  credentials: { headers: ['x-partner', 'x-secret'] },
})
const checkSignature = authorizer({
  ...{ name: 'check-signature', summary: 'Tell partners by what they sign.', ttlSeconds: 60 },
  credentials: { headers: ['x-partner', 'x-signature'], path: true, query: true, body: true },
})
const ok = { status: 200, body: z.object({ sub: z.string(), header: z.string().optional() }) } as const
const whoAmI = endpoint({
  ...{ name: 'who-am-i', summary: 'Tell.', method: 'GET', path: '/v1/who', reply: ok },
  access: { authorizer: 'check-partner', scopes: ['offers:read'] },
})
const writeOffer = endpoint({
  ...{ name: 'write-offer', summary: 'Write.', method: 'POST', path: '/v1/offers/{id}', reply: ok },
  ...{ params: z.object({ id: z.string() }), headers: z.object({ 'x-partner': z.string() }) },
  ...{ body: z.object({ price: z.number() }), access: { authorizer: 'check-signature' } },
})
const contracts = contractSet(
  ...([
    Object.fromEntries([checkPartner, checkSignature, whoAmI, writeOffer].map((one) => [one.name, one])),
    { openapi: '3.1.0' },
  ] as const),
)

const sign = (partner: string, text: string) =>
  createHmac('sha256', SECRETS[partner] ?? '')
    .update(text)
    .digest('hex')

/** A gateway before real functions, which it signs for as it does everywhere. */
async function start(judge: 'answers' | 'lies' | 'is-away' | 'is-replaced' = 'answers') {
  const { gateway, jwks } = await generateIdentityKeys()
  const asked: object[] = []
  const seen: string[] = []
  const functions: readonly Implementation[] = [
    implement(checkPartner, {}, async (presented) => {
      asked.push(presented)
      const partner = presented.headers['x-partner'] ?? ''
      if (judge === 'lies') return { allow: true, caller: { sub: 7 } } as never
      if (SECRETS[partner] !== presented.headers['x-secret']) return { allow: false }
      return { allow: true, caller: { sub: partner, scopes: partner === 'acme' ? ['offers:read'] : [] } }
    }),
    implement(checkSignature, {}, async (presented) => {
      asked.push(presented)
      const { headers, path, query, body } = presented
      const partner = headers['x-partner'] ?? ''
      const isSigned = headers['x-signature'] === sign(partner, `${path}${query}${Buffer.from(body)}`)
      return isSigned ? { allow: true, caller: { sub: partner } } : { allow: false }
    }),
    implement(whoAmI, {}, async (_input, { caller }) => ({ sub: caller.sub })),
    implement(writeOffer, {}, async ({ headers }, { caller }) => ({ sub: caller.sub, header: headers['x-partner'] })),
  ] as never
  const log = createLog({ level: 'silent' })
  const apps = new Map(
    functions.map((fn) => {
      const verify = createIdentityVerifier(jwks, fn.contract.name)
      return [
        fn.contract.name,
        createApp(fn, { resources: openResources({}, {} as never, log), verify, log, revision: 'r' }),
      ]
    }),
  )
  const dependencies: Partial<GatewayDependencies> = {
    contracts: () => contracts,
    sign: createIdentitySigner(gateway, 'ebb:gateway'),
  }
  const opened = await testGateway({
    ...{ dependencies, prefix: '/{name}' },
    upstream: (request, response) => {
      const [, name = '', rest = ''] = /^\/([^/]+)(.*)$/.exec(request.url ?? '') ?? []
      request.url = rest
      seen.push(JSON.stringify(request.headers))
      if (judge === 'is-away' && name.startsWith('check-')) return void request.socket.destroy()
      if (judge === 'is-replaced' && name.startsWith('check-'))
        return void response.setHeader('content-type', 'application/json').end('{"allow":true,"caller":{"sub":"acme"}}')
      apps.get(name)?.(request, response)
    },
  })
  const who = (headers: Readonly<Record<string, string>>) => fetch(`${opened.url}/v1/who`, { headers })
  return {
    ...opened,
    asked,
    seen,
    who,
    as: (partner: string) => who({ 'x-partner': partner, 'x-secret': SECRETS[partner] ?? '' }),
  }
}

describe('an endpoint with an authorizer', () => {
  it('200 as whom it says, whom it was asked about once, and its credentials go no further', async () => {
    const { as, asked, seen } = await start()
    const responses = await Promise.all(Array.from({ length: 20 }, () => as('acme')))
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(await responses[0]?.json()).toEqual({ sub: 'check-partner:acme' })
    expect(responses[0]?.headers.get('cache-control')).toBe('private, no-store')
    expect(responses[0]?.headers.get('vary')).toBe('x-partner, x-secret')
    expect(asked).toEqual([
      { headers: { 'x-partner': 'acme', 'x-secret': 'acme-secret' }, method: 'GET', route: '/v1/who' },
    ])
    expect(seen.filter((headers) => headers.includes('acme-secret'))).toEqual([])
  })

  it('401 whom it refuses, and 401 without a credential, which wakes nobody', async () => {
    const { who, asked, invoked, shortCircuits } = await start()
    const without = await who({ 'x-api-key': 'full', authorization: 'Bearer full' })
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Ebb headers="x-partner x-secret"'])
    expect([asked.length, invoked.length, shortCircuits]).toEqual([0, 0, ['unauthenticated']])
    const refused = await who({ 'x-partner': 'acme', 'x-secret': 'guess' })
    expect([refused.status, asked.length]).toEqual([401, 1])
    expect((await who({ 'x-partner': 'acme', 'x-secret': 'guess' })).status).toBe(401)
    expect(asked).toHaveLength(1)
  })

  it('403 a caller that lacks a scope of the endpoint, as any other', async () => {
    const { as } = await start()
    const refused = await as('other')
    expect([refused.status, await refused.json()]).toMatchObject([403, { message: 'You lack the scope offers:read.' }])
  })

  it('400 a credential that came twice: two readers could take it for two', async () => {
    const { port, asked } = await start()
    const { status } = await sendRaw(
      port,
      'GET /v1/who HTTP/1.1\r\nHost: x\r\nX-Partner: acme\r\nX-Partner: other\r\n\r\n',
    )
    expect([status, asked.length]).toEqual([400, 0])
  })

  it.each(['lies', 'is-away', 'is-replaced'] as const)(
    '503 and Retry-After, and nobody passes: the authorizer %s',
    async (how) => {
      const { as, judged, lines } = await start(how)
      for (let n = 0; n < 2; n++) {
        const response = await as('acme')
        expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
      }
      expect(judged.map(({ outcome }) => outcome)).toEqual(['failed', 'failed'])
      expect(lines.some(({ msg }) => String(msg).startsWith('an authorizer does not say'))).toBe(true)
    },
  )
})

describe('an authorizer', () => {
  it('404 has no path, and takes no question but from the gateway', async () => {
    const { url, asked } = await start()
    for (const path of ['/', '/check-partner', '/v1/check-partner']) {
      const response = await fetch(url + path, { method: 'POST', headers: { 'x-partner': 'acme' } })
      expect(response.status).toBe(404)
    }
    expect(asked).toEqual([])
  })

  it('200 judges by path, query and the bytes of the body where it says so; another body is another question', async () => {
    const { url, asked } = await start()
    const send = (path: string, body: string, signed = path + body) =>
      fetch(url + path, {
        ...{ method: 'POST', body },
        headers: { 'content-type': 'application/json', 'x-partner': 'acme', 'x-signature': sign('acme', signed) },
      })
    const first = await send('/v1/offers/1', '{"price":1}')
    // Its endpoint's own contract names this header.
    expect([first.status, await first.json()]).toEqual([200, { sub: 'check-signature:acme', header: 'acme' }])
    expect((await send('/v1/offers/1', '{"price":1}')).status).toBe(200)
    expect(asked).toHaveLength(1)
    const signed = '/v1/offers/1{"price":1}'
    for (const [path, body] of [
      ['/v1/offers/1', '{"price":2}'],
      ['/v1/offers/2', '{"price":1}'],
      ['/v1/offers/1?x=1', '{"price":1}'],
    ] as const)
      expect((await send(path, body, signed)).status).toBe(401)
    expect(asked).toHaveLength(4)
  })

  it('413 and 415 before it is asked, where it judges by the body', async () => {
    const { url, asked } = await start()
    const send = (type: string, body: string) =>
      fetch(`${url}/v1/offers/1`, {
        ...{ method: 'POST', body },
        headers: { 'content-type': type, 'x-partner': 'acme', 'x-signature': 'x' },
      })
    expect((await send('text/plain', 'x')).status).toBe(415)
    expect((await send('application/json', `"${'x'.repeat(1024 * 1024)}"`)).status).toBe(413)
    expect(asked).toEqual([])
  })
})

it("403 a caller's own identity at an authorizer's function: only the gateway asks it", async () => {
  const { gateway, jwks } = await generateIdentityKeys()
  const log = createLog({ level: 'silent' })
  const fn = implement(checkPartner, {}, async () => ({ allow: true, caller: { sub: 'acme' } }))
  const app = createApp(fn as never, {
    ...{ resources: openResources({}, {} as never, log), log },
    verify: createIdentityVerifier(jwks, 'check-partner'),
  })
  const signer = createIdentitySigner(gateway, 'ebb:gateway')
  const ask = async (sub: string, body: object = { headers: {}, method: 'GET', route: '/' }) =>
    (
      await supertest(app)
        .post('/')
        .set('Ebb-Identity', await signer({ sub, scopes: [] }, 'check-partner'))
        .send(body)
    ).status
  expect([await ask('ann'), await ask('gateway'), await ask('gateway', { headers: 1 })]).toEqual([403, 200, 400])
  expect((await supertest(app).post('/').send({})).status).toBe(401)
})
