import { X509Certificate } from 'node:crypto'
import { Agent, type RequestOptions, request } from 'node:https'
import { connect } from 'node:tls'
import { describe, expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { mountSecret } from '../../test/support/mounted-secret.ts'
import { selfSigned } from '../../test/support/self-signed.ts'
import { untilTrue } from '../../test/support/until.ts'
import { gatewaySettings, startTestGateway } from './test-support.ts'

const database = testDatabase()
const KEY = { 'x-api-key': 'ebb_live_x' }

async function start(env: Readonly<Record<string, string>>) {
  const seen: unknown[] = []
  const settings = await gatewaySettings(database.url, ({ headers }, response) => {
    seen.push([headers['x-forwarded-proto'], headers['x-forwarded-host']])
    response.writeHead(200, { 'ebb-revision': 'r', 'content-type': 'application/json' }).end('{}')
  })
  const gateway = await startTestGateway({ ...settings.env, ...env })
  return { ...gateway, port: Number(new URL(gateway.url).port), seen }
}

async function startTls(env: Readonly<Record<string, string>> = {}) {
  const first = selfSigned()
  const secret = mountSecret(first)
  const gateway = await start({ EBB_TLS_CERT_FILE: secret.file('cert'), EBB_TLS_KEY_FILE: secret.file('key'), ...env })
  return { ...gateway, secret, first }
}

/** The status and the headers of a request over TLS, and whose certificate answered. */
function ask(port: number, ca: readonly string[], options: RequestOptions = {}) {
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; serial: string }>(
    (resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: '/v1/public', ca: [...ca], ...options }, (response) => {
        const { socket, statusCode: status, headers } = response
        // A connection over TLS has one.
        const { serialNumber: serial } = (
          socket as ReturnType<typeof connect>
        ).getPeerX509Certificate() as X509Certificate
        response.resume().on('end', () => resolve({ status, headers, serial }))
      })
      sent.on('error', reject).end()
    },
  )
}

const serialOf = ({ cert }: { readonly cert: string }) => new X509Certificate(cert).serialNumber

describe('https on the gateway itself', () => {
  it('200, and the function learns that it was https', async () => {
    const { port, first, seen } = await startTls()
    expect((await ask(port, [first.cert])).status).toBe(200)
    expect(seen).toEqual([['https', `127.0.0.1:${port}`]])
  })

  it('TLS 1.1 is refused, and HTTP/1.1 is what is agreed on', async () => {
    const { port, first } = await startTls()
    const options = { host: '127.0.0.1', port, ca: first.cert, ALPNProtocols: ['h2', 'http/1.1'] }
    const agreed = await new Promise((resolve, reject) => {
      const socket = connect(options, () => {
        resolve([socket.alpnProtocol, socket.getProtocol()])
        socket.destroy()
      }).on('error', reject)
    })
    expect(agreed).toEqual(['http/1.1', 'TLSv1.3'])
    const old = new Promise((resolve, reject) => {
      connect({ ...options, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }, () =>
        resolve('ok'),
      ).on('error', reject)
    })
    await expect(old).rejects.toThrow()
  })

  it('a new certificate is used by new connections, and none is dropped', async () => {
    const { port, first, secret, admin } = await startTls()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const next = selfSigned({ name: 'the next one', days: 60 })
    const ca = [first.cert, next.cert]
    expect((await ask(port, ca, { agent })).serial).toBe(serialOf(first))
    secret.replace({ cert: next.cert, key: first.key })
    secret.replace(next)
    await untilTrue(async () => (await ask(port, ca, { agent: false })).serial === serialOf(next), {
      what: 'the new one',
    })
    expect((await ask(port, ca, { agent })).serial).toBe(serialOf(first))
    agent.destroy()
    const expiry = Date.parse(new X509Certificate(next.cert).validTo) / 1_000
    expect(await (await fetch(`${admin}/metrics`)).text()).toContain(`certificate_expiry_timestamp_seconds ${expiry}`)
  })

  it.each([
    ['a certificate that cannot be read', { cert: 'nonsense' }],
    ['a key of another certificate', { key: selfSigned().key }],
    ['an empty key', { key: '' }],
  ])('%s changes nothing', async (_what, changed) => {
    const { port, first, secret, messages } = await startTls()
    secret.replace({ ...first, ...changed })
    await untilTrue(() => messages.some((text) => /stays? in use$/.test(text)), { what: 'a line that says so' })
    expect((await ask(port, [first.cert], { agent: false })).serial).toBe(serialOf(first))
  })

  it('what cannot work does not start', async () => {
    const { cert, key } = selfSigned()
    await expect(start({ EBB_TLS_CERT: cert })).rejects.toThrow('set both, or neither')
    await expect(start({ EBB_TLS_CERT: cert, EBB_TLS_KEY: selfSigned().key })).rejects.toThrow('the key is not')
    await expect(start({ EBB_TLS_CERT: 'x', EBB_TLS_KEY: key })).rejects.toThrow('in PEM')
    await expect(start({ EBB_HTTP_PORT: '0' })).rejects.toThrow('EBB_HTTP_PORT')
    await expect(start({ EBB_REQUIRE_HTTPS: 'true' })).rejects.toThrow('EBB_TRUSTED_HOPS')
  })
})

describe('plain HTTP beside https', () => {
  const startPlain = async () => {
    const { port, httpPort } = await startTls({ EBB_HTTP_PORT: '0' })
    const plain = (target: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${httpPort}${target}`, { redirect: 'manual', ...init })
    return { port, plain }
  }

  it('308 a read without a credential is redirected, and 200 for a probe', async () => {
    const { port, plain } = await startPlain()
    const answer = await plain('/v1/public?a=%20b')
    expect([answer.status, answer.headers.get('location')]).toEqual([308, `https://127.0.0.1:${port}/v1/public?a=%20b`])
    expect(answer.headers.get('strict-transport-security')).toBeNull()
    expect((await plain('/_/health')).status).toBe(200)
  })

  it('403 and no redirect for what may carry a credential', async () => {
    const { plain } = await startPlain()
    const requests: readonly [string, RequestInit][] = [
      ['/v1/public', { headers: KEY }],
      ['/v1/public', { headers: { authorization: 'Bearer x' } }],
      ['/v1/public', { headers: { cookie: 'a=b' } }],
      ['/v1/public?access_token=x', {}],
      ['/v1/public', { method: 'PUT', body: '{}' }],
      ['/openapi.json', { headers: KEY }],
      ['/docs', { headers: KEY }],
    ]
    for (const [target, init] of requests) {
      const answer = await plain(target, init)
      expect([answer.status, answer.headers.get('location'), answer.headers.get('connection')]).toEqual([
        403,
        null,
        'close',
      ])
      expect(await answer.json()).toMatchObject({ error: 'https_required' })
    }
  })
})

describe('behind an edge that speaks https', () => {
  const EDGE = { EBB_TRUSTED_HOPS: '1', EBB_REQUIRE_HTTPS: 'true' }
  it('only what reached the edge by https is served', async () => {
    const { url } = await start(EDGE)
    const requests: readonly [number, Record<string, string>][] = [
      [200, { 'x-forwarded-proto': 'https' }],
      [308, { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'api.example:80' }],
      [403, { 'x-forwarded-proto': 'http', ...KEY }],
      [403, KEY],
    ]
    for (const [status, headers] of requests) {
      const answer = await fetch(`${url}/v1/public`, { headers, redirect: 'manual' })
      expect(answer.status).toBe(status)
      if (status === 308) expect(answer.headers.get('location')).toBe('https://api.example/v1/public')
    }
  })
})

describe('security headers', () => {
  it('are on each response where they are asked for, HSTS over https only, and the pages of /docs keep theirs', async () => {
    const { port, first } = await startTls({ EBB_SECURITY_HEADERS: 'true' })
    const headersOf = async (path: string) => (await ask(port, [first.cert], { path })).headers
    const expected = {
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    }
    for (const path of ['/v1/public', '/v1/nothing', '/openapi.json', '/v1/things'])
      expect(await headersOf(path)).toMatchObject(expected)
    const docs = await headersOf('/docs')
    expect(docs['content-security-policy']).toContain("script-src 'self'")
    expect(docs['strict-transport-security']).toBe('max-age=31536000')
  })

  it('nothing but nosniff otherwise', async () => {
    const { url } = await start({})
    const { headers } = await fetch(`${url}/v1/public`)
    expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', null])
  })
})
