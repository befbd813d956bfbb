import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { createLog } from '../../kernel/index.ts'
import { openProvider } from './open-provider.ts'
import { AUDIENCE, type ProviderConfig, writeProviderConfig } from './provider-config.ts'
import { generateSigningKey } from './signing-keys.ts'

const REDIRECT = 'http://localhost:5173/back?from=login'
const VERIFIER = randomBytes(32).toString('base64url')

/** A provider in this process, on a port of its own; `open` starts it again on the same port, with what it has kept. */
export async function testProvider(given: Partial<ProviderConfig> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-provider-'))
  const file = join(folder, 'config.json')
  let handle: Awaited<ReturnType<typeof openProvider>>['handle']
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1')
  // A busy machine must not close a connection just as the next request is sent on it.
  server.keepAliveTimeout = 300_000
  await new Promise((resolve) => server.once('listening', resolve))
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const config: ProviderConfig = {
    issuer,
    roles: { customer: ['orders:write'], merchant: ['orders:read', 'orders:write'] },
    people: {
      ada: { name: 'Ada Lovelace', email: 'ada@example.com', roles: ['customer'] },
      mia: { name: 'Mia Tanaka', email: 'mia@example.com', roles: ['merchant'], tenant: 'acme' },
    },
    clients: { app: { redirectUris: ['http://localhost:*'] }, shop: { redirectUris: [REDIRECT] } },
    keys: [await generateSigningKey()],
    cookieSecret: randomBytes(32).toString('hex'),
    store: join(folder, 'logins.json'),
    ...given,
  }
  const write = (changed: ProviderConfig) => writeProviderConfig(file, changed)
  const open = async () => {
    ;({ handle } = await openProvider(file, {
      log: createLog({ level: 'silent', service: 'provider', revision: 'test' }),
    }))
  }
  await write(config)
  await open()
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  }
  const kept = async (): Promise<[string, { payload: Record<string, unknown> }][]> =>
    JSON.parse(await readFile(join(folder, 'logins.json'), 'utf8').catch(() => '[]'))
  return { issuer, config, write, open, kept, close, browser: () => createBrowser(issuer) }
}

export type TestProvider = Awaited<ReturnType<typeof testProvider>>

/** What a browser does: it follows no redirect by itself here, and keeps cookies. */
function createBrowser(issuer: string) {
  const cookies = new Map<string, string>()
  const go = async (path: string, form?: Readonly<Record<string, string>>) => {
    const response = await fetch(new URL(path, issuer), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      text: await response.text(),
      headers: response.headers,
    }
  }
  const authorize = (changed: Readonly<Record<string, string | undefined>> = {}) => {
    const challenge = createHash('sha256').update(VERIFIER).digest('base64url')
    const asked = {
      ...{
        response_type: 'code',
        client_id: 'app',
        redirect_uri: REDIRECT,
        scope: 'openid profile email',
        state: 'here',
      },
      ...{ nonce: 'once', code_challenge: challenge, code_challenge_method: 'S256', ...changed },
    }
    return go(
      `/auth?${new URLSearchParams(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined))}`,
    )
  }
  const token = async (form: Readonly<Record<string, string>>) => {
    const { status, text } = await go('/token', form)
    return { status, body: JSON.parse(text) as Readonly<Record<string, string>> }
  }
  return {
    go,
    authorize,
    token,
    /** The whole flow, up to the tokens. */
    logIn: async (person: string, changed: Readonly<Record<string, string>> = {}) => {
      const { location: page } = await authorize(changed)
      const { location: resume } = await go(page, { person })
      const code = new URL((await go(resume)).location).searchParams.get('code') ?? ''
      const form = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT,
        client_id: changed.client_id ?? 'app',
      }
      return (await token({ ...form, code_verifier: VERIFIER })).body
    },
  }
}

/** Verifies an access token as an API does. */
export const verifyToken = (issuer: string, token: string | undefined) =>
  jwtVerify(token ?? '', createRemoteJWKSet(new URL('/jwks', issuer)), {
    ...{ issuer, audience: AUDIENCE, algorithms: ['ES256'], typ: 'at+jwt' },
  })
