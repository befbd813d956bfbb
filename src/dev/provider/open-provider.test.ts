import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { untilTrue } from '../../../test/support/until.ts'
import { rotateKeys } from './signing-keys.ts'
import { type TestProvider, testProvider, verifyToken } from './test-support.ts'

let provider: TestProvider
beforeAll(async () => {
  provider = await testProvider({ commandSecret: 'x'.repeat(32) })
})
afterAll(() => provider.close())

const browser = () => provider.browser()
const verify = (token: string | undefined) => verifyToken(provider.issuer, token)

describe('a login', () => {
  it('200 gives an access token for the API, with the scopes, roles and tenant of who logged in', async () => {
    const tokens = await browser().logIn('mia')
    const { payload, protectedHeader } = await verify(tokens.access_token)
    expect(protectedHeader.kid).toBe(provider.config.keys?.[0]?.jwk.kid)
    expect(payload).toMatchObject({ sub: 'mia', roles: ['merchant'], tenant: 'acme', client_id: 'app' })
    expect(payload.scope).toBe('orders:read orders:write')
    expect(decodeJwt(tokens.id_token ?? '')).toMatchObject({
      sub: 'mia',
      name: 'Mia Tanaka',
      aud: 'app',
      nonce: 'once',
    })
  })

  it('200 gives of the scopes that were asked for those that the person has', async () => {
    const scope = 'openid orders:read orders:write'
    const [ada, mia] = [
      await browser().logIn('ada', { scope }),
      await browser().logIn('mia', { scope: 'openid orders:read' }),
    ]
    expect([ada.scope, mia.scope]).toEqual(
      ['openid orders:write', 'openid orders:read'].map((text) => text.replace('openid ', '')),
    )
  })

  it('303 the second one of a browser needs no page', async () => {
    const one = browser()
    await one.logIn('ada')
    expect((await one.authorize({ client_id: 'shop' })).location).toMatch(
      /^http:\/\/localhost:5173\/back\?from=login&code=/,
    )
  })

  it('422 nobody who is not among the people', async () => {
    const one = browser()
    const { location } = await one.authorize()
    const { status, text } = await one.go(location, { person: 'zoe' })
    expect([status, text]).toEqual([422, expect.stringContaining('There is no zoe in domain/people.ts.')])
    expect((await one.go(location, { person: 'toString' })).status).toBe(422)
  })

  it('303 one that is cancelled tells the application', async () => {
    const one = browser()
    const { location } = await one.go((await one.authorize()).location, { cancel: 'yes' })
    expect(new URL((await one.go(location)).location).searchParams.get('error')).toBe('access_denied')
  })

  it('400 a form of another browser', async () => {
    const { location } = await browser().authorize()
    expect((await browser().go(location, { person: 'ada' })).status).toBe(400)
  })

  it('shows a page that runs no script, and no name or address unescaped', async () => {
    const one = browser()
    const { headers, text } = await one.go((await one.authorize()).location)
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; .*form-action 'self' http:\/\/localhost:5173$/,
    )
    expect(text).not.toMatch(/<script|style=/)
  })
})

describe('refused is', () => {
  const refusalOf = async (changed: Readonly<Record<string, string | undefined>>) => {
    const { status, location, text } = await browser().authorize(changed)
    const [, alert] = /role="alert">([^<]*)</.exec(text) ?? []
    const { search, hash } = new URL(location || provider.issuer)
    return [status, location ? new URLSearchParams(`${search.slice(1)}&${hash.slice(1)}`).get('error') : alert]
  }

  it.each([
    [
      'a request without PKCE',
      { code_challenge: undefined, code_challenge_method: undefined },
      [303, 'invalid_request'],
    ],
    ['PKCE without a hash', { code_challenge_method: 'plain' }, [303, 'invalid_request']],
    ['the implicit flow', { response_type: 'token' }, [303, 'unsupported_response_type']],
    [
      'an address of another host',
      { redirect_uri: 'http://evil.example:5173/back' },
      [400, expect.stringContaining('redirect_uri')],
    ],
    [
      'localhost as the name of a user',
      { redirect_uri: 'http://localhost:5173@evil.example/' },
      [400, expect.stringContaining('redirect_uri')],
    ],
    [
      'an address with a user in it',
      { redirect_uri: 'http://ada@localhost:5173/back' },
      [400, expect.stringContaining('redirect_uri')],
    ],
    [
      'HTTPS where HTTP is registered',
      { redirect_uri: 'https://localhost:5173/back' },
      [400, expect.stringContaining('redirect_uri')],
    ],
    [
      'an address that is not exactly the registered one',
      { client_id: 'shop', redirect_uri: 'http://localhost:5173/back' },
      [400, expect.stringContaining('redirect_uri')],
    ],
    ['a client that is not registered', { client_id: 'other' }, [400, expect.stringContaining('client')]],
  ])('%s', async (_, changed, expected) => {
    expect(await refusalOf(changed)).toEqual(expected)
  })

  it('a code without its verifier', async () => {
    const one = browser()
    await one.logIn('ada')
    const code = new URL((await one.authorize()).location).searchParams.get('code') ?? ''
    const form = {
      grant_type: 'authorization_code',
      code,
      client_id: 'app',
      redirect_uri: 'http://localhost:5173/back?from=login',
    }
    expect(await one.token(form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await one.token({ ...form, code_verifier: 'a'.repeat(43) })).toMatchObject({ status: 400 })
  })

  it('a refresh token that was used before, and those that came of it', async () => {
    const one = browser()
    const refresh = (token = '') => one.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token: token })
    const { refresh_token: first } = await one.logIn('ada')
    const second = await refresh(first)
    await verify(second.body.access_token)
    expect((await refresh(first)).status).toBe(400)
    expect((await refresh(second.body.refresh_token)).status).toBe(400)
  })

  it('421 a request under another name, which DNS may have bound to this address', async () => {
    const response = await fetch(provider.issuer.replace('localhost', '127.0.0.1'))
    expect(response.status).toBe(421)
  })
})

describe('a logout', () => {
  it('303 ends the session, once it is confirmed, and leads back', async () => {
    const one = browser()
    await one.logIn('ada')
    const back = 'http://localhost:5173/back?from=login'
    const { text, headers } = await one.go(
      `/session/end?${new URLSearchParams({ client_id: 'app', post_logout_redirect_uri: back })}`,
    )
    expect([text, headers.get('content-security-policy')]).toEqual([
      expect.stringContaining('Ada Lovelace is logged in'),
      expect.stringContaining('form-action'),
    ])
    const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(text) ?? []
    expect((await one.go('/session/end/confirm', { xsrf, logout: 'yes' })).location).toBe(back)
    expect((await one.authorize()).location).toMatch(/^\/login\//)
  })
})

describe('the provider', () => {
  it('gives a token of anybody to whoever has the secret, and to nobody else', async () => {
    const form = { grant_type: 'urn:ebb:grant:person', client_id: 'ebb-command', person: 'mia' }
    const { body } = await browser().token({ ...form, client_secret: 'x'.repeat(32), scope: 'orders:read' })
    expect((await verify(body.access_token)).payload).toMatchObject({
      sub: 'mia',
      scope: 'orders:read',
      tenant: 'acme',
    })
    expect((await browser().token({ ...form, client_secret: 'y'.repeat(32) })).status).toBe(401)
    expect((await browser().token({ ...form, client_id: 'app' })).status).toBe(400)
  })

  it('signs with a new key at once, and publishes the one before', async () => {
    const before = await browser().logIn('ada')
    const keys = await rotateKeys(provider.config.keys ?? [])
    await provider.write({ ...provider.config, keys })
    const after = await browser().logIn('ada')
    const kids = await Promise.all(
      [before, after].map(async (tokens) => (await verify(tokens.access_token)).protectedHeader.kid),
    )
    expect(kids).toEqual([keys[1]?.jwk.kid, keys[0]?.jwk.kid])
    await provider.write({ ...provider.config, keys: keys.slice(0, 1) })
    await expect(verify(before.access_token)).rejects.toThrow('no applicable key')
    await provider.write(provider.config)
  })

  it('stays as it was while its configuration is broken', async () => {
    await provider.write({ ...provider.config, issuer: 'nowhere' })
    await browser().logIn('ada')
    await provider.write(provider.config)
  })

  it('keeps logins over a restart', async () => {
    const sessions = async () =>
      (await provider.kept()).filter(
        ([key, { payload }]) => key.startsWith('Session:') && payload.accountId === 'ada' && payload.authorizations,
      ).length
    const before = await sessions()
    const one = browser()
    await one.logIn('ada')
    await untilTrue(async () => (await sessions()) > before, { what: 'the login is written' })
    await provider.open()
    expect((await one.authorize()).location).toContain('code=')
  })
})

describe('with a password', () => {
  it('422 names nobody, and says not whether the name or the password was wrong', async () => {
    const guarded = await testProvider({ password: 'correct horse' })
    const one = guarded.browser()
    const { location } = await one.authorize()
    expect((await one.go(location)).text).not.toContain('Ada')
    const answers = [
      await one.go(location, { person: 'ada', password: 'wrong' }),
      await one.go(location, { person: 'ada' }),
      await one.go(location, { person: 'zoe', password: 'correct horse' }),
    ]
    for (const { status, text } of answers)
      expect([status, text]).toEqual([422, expect.stringContaining('do not go together')])
    expect((await one.go(location, { person: 'ada', password: 'correct horse' })).status).toBe(303)
    await guarded.close()
  })
})
