import { createSign, KeyObject, randomUUID, sign as signBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK } from 'jose'

export const AUDIENCE = 'https://api.example'

export interface TestKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: JWK
}

export interface TestIssuerOptions {
  /** Of the issuer's address; default: ''. */
  readonly path?: string
  /** Where its metadata is; default: where OpenID Connect has it. */
  readonly metadata?: 'oidc' | 'rfc8414'
}

const closers: (() => Promise<unknown>)[] = []
/** For a file whose requests are all sent before its first test. */
export const stopTestIssuers = async () => {
  for (const close of closers.splice(0).reverse()) await close()
}
afterEach(stopTestIssuers)

let keyNumber = 0

/** A new pair of keys, published by nobody yet. */
export async function createTestKey(alg = 'ES256', kid = `key-${++keyNumber}`): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
  return { kid, alg, jwk, privateKey: KeyObject.from(privateKey), publicKey: KeyObject.from(publicKey) }
}

/** An issuer of access tokens on loopback, with metadata, keys and introspection, that a test can stop, start and spoil. */
export async function startTestIssuer({ path = '', metadata = 'oidc' }: TestIssuerOptions = {}) {
  const fetches = { metadata: 0, keys: 0, introspection: 0 }
  const published = new Map<string, JWK>()
  const state = {
    /** What it claims to be called, if it is not its address. */
    name: undefined as string | undefined,
    jwksUri: undefined as string | undefined,
    /** Instead of its keys. */
    answerKeys: undefined as ((response: ServerResponse) => void) | undefined,
    introspect: (_token: string): object => ({ active: false }),
    /** What was sent to it last. */
    introspected: { authorization: '', body: '' },
  }
  let port = 0
  const issuer = () => `http://127.0.0.1:${port}${path}`
  const answer = (response: ServerResponse, body: object) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  const paths: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>> = {
    [metadata === 'oidc'
      ? `${path}/.well-known/openid-configuration`
      : `/.well-known/oauth-authorization-server${path}`]: (_request, response) => {
      fetches.metadata++
      answer(response, {
        issuer: state.name ?? issuer(),
        jwks_uri: state.jwksUri ?? `${issuer()}/keys`,
        introspection_endpoint: `${issuer()}/introspect`,
      })
    },
    [`${path}/keys`]: (_request, response) => {
      fetches.keys++
      if (state.answerKeys) state.answerKeys(response)
      else answer(response, { keys: [...published.values()] })
    },
    [`${path}/introspect`]: async (request, response) => {
      fetches.introspection++
      const body = await text(request)
      state.introspected = { authorization: request.headers.authorization ?? '', body }
      answer(response, state.introspect(new URLSearchParams(body).get('token') ?? ''))
    },
  }
  let server: Server | undefined
  const start = async () => {
    server = createServer((request, response) => {
      const known = paths[request.url ?? '']
      if (known) known(request, response)
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  const stop = async () => {
    const stopped = new Promise((resolve) => server?.close(resolve))
    server?.closeAllConnections()
    await stopped
  }
  await start()
  closers.push(stop)

  const publish = (key: TestKey, more: JWK = {} as JWK) => void published.set(key.kid, { ...key.jwk, ...more })
  const key = await createTestKey()
  publish(key)
  return {
    ...{ fetches, state, start, stop, key, publish },
    issuer: issuer(),
    withdraw: ({ kid }: TestKey) => void published.delete(kid),
    /** As one of EBB_ISSUERS. */
    settings: (more: object = {}) => ({
      ...{ issuer: issuer(), audience: AUDIENCE, algorithms: ['ES256', 'RS256'], allowHttp: true },
      ...more,
    }),
    /** A good access token, changed. */
    token: ({ claims, header, by = key }: TokenOptions = {}) =>
      signToken({ alg: by.alg, typ: 'at+jwt', kid: by.kid, ...header }, { ...goodClaims(issuer()), ...claims }, by),
  }
}

export type TestIssuer = Awaited<ReturnType<typeof startTestIssuer>>

export interface TokenOptions {
  readonly claims?: object
  readonly header?: object
  readonly by?: TestKey
}

/** Of a token that is good for five minutes. */
export function goodClaims(iss: string) {
  const now = Math.floor(Date.now() / 1_000)
  return {
    ...{ iss, aud: AUDIENCE, sub: 'ada', client_id: 'app', scope: 'things:write' },
    ...{ iat: now, exp: now + 300, jti: randomUUID() },
  }
}

export const base64url = (value: string | object) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Signs whatever it is given: no library would. */
export function signToken(header: string | object, payload: string | object, { alg, privateKey }: TestKey): string {
  const signed = `${base64url(header)}.${base64url(payload)}`
  return `${signed}.${signatureOf(signed, alg, privateKey).toString('base64url')}`
}

function signatureOf(text: string, alg: string, key: KeyObject): Buffer {
  if (/^Ed/.test(alg)) return signBytes(null, Buffer.from(text), key)
  const bits = alg.slice(2)
  return createSign(`sha${bits}`).update(text).sign({ key, dsaEncoding: 'ieee-p1363' })
}
