import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createLog, parseConfig } from 'ebb/kernel'
import { parseIssuers } from 'ebb/protocol'
import { type TestProvider, testProvider } from '../../src/dev/provider/test-support.ts'
import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { explainId } from '../../src/protocol/admin/traces.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { untilTrue } from '../../test/support/until.ts'
import { gatewaySettings, startTestGateway } from '../gateway/test-support.ts'
import { createLogins } from './logins.ts'
import { startConsole } from './start-console.ts'

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }
const database = testDatabase()
let provider: TestProvider
beforeAll(async () => {
  provider = await testProvider({
    roles: { operator: ['ebb:admin'], customer: ['orders:write'] },
    people: {
      ola: { name: 'Ola Operator', email: 'ola@example.com', roles: ['operator'] },
      ada: { name: 'Ada Lovelace', email: 'ada@example.com', roles: ['customer'] },
    },
  })
})
afterAll(() => provider.close())

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** Two gateways, and a console in front of them, whose operators log in at the provider. */
async function start(more: Readonly<Record<string, string>> = {}) {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const issuers = JSON.stringify([
    { issuer: provider.issuer, audience: 'urn:ebb:api', algorithms: ['ES256'], allowHttp: true },
  ])
  const login = { EBB_ISSUERS: issuers, EBB_ADMIN_SCOPE: 'ebb:admin' }
  const gateways = [await startTestGateway({ ...env, ...login }), await startTestGateway({ ...env, ...login })] as const
  const port = await findFreePort()
  const settings = {
    ...{ PORT: String(port), EBB_HOST: '127.0.0.1', EBB_CONSOLE_URL: `http://localhost:${port}`, ...login },
    ...{ EBB_CONSOLE_CLIENT_ID: 'app', EBB_CONSOLE_GATEWAYS: gateways.map(({ admin }) => admin).join() },
    ...more,
  }
  const { stop } = await startConsole(parseConfig(settings), { log: createLog({ level: 'silent' }) })
  stops.push(stop)
  return { gateways, browser: createBrowser(`http://localhost:${port}`) }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What a browser does with cookies, which here are of one host, and where redirects lead it. */
function createBrowser(home: string) {
  const cookies = new Map<string, string>()
  const go = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(new URL(path, home), {
      ...{ redirect: 'manual', ...init },
      headers: { ...init.headers, cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  const locationOf = (response: Response) => response.headers.get('location') ?? ''
  /** Up to the address at the console that the issuer leads back to. */
  const comeBack = async (person: string, to = '/console/keys') => {
    const page = locationOf(await go(locationOf(await go(`/login?to=${to}`))))
    const sent = await go(new URL(page, provider.issuer).href, {
      method: 'POST',
      body: new URLSearchParams({ person }),
    })
    return locationOf(await go(new URL(locationOf(sent), provider.issuer).href))
  }
  return {
    ...{ go, cookies, comeBack },
    logIn: async (person: string, to?: string) => go(await comeBack(person, to)),
    /** As its own page does. */
    call: (path: string, init: RequestInit = {}) => go(path, { ...init, headers: { ...OWN_PAGE, ...init.headers } }),
  }
}

describe('a login', () => {
  it('200 of an operator leads to the page that was asked for, and the gateways know who it is', async () => {
    const { browser } = await start()
    const before = await browser.call('/v1/session')
    expect(await before.json()).toEqual({ actor: null, expiresAt: null, login: '/login?to=/console/' })
    const page = await browser.logIn('ola')
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('content="0;url=/console/keys"')])
    expect(await (await browser.call('/v1/session')).json()).toMatchObject({ actor: 'admin ola' })
    expect((await browser.call('/v1/keys')).status).toBe(200)
  })

  it('403 of somebody without the scope, who has no session then', async () => {
    const { browser } = await start()
    const refused = await browser.logIn('ada')
    expect([refused.status, await refused.json()]).toEqual([
      403,
      expect.objectContaining({ message: 'Your login lacks the scope ebb:admin.' }),
    ])
    expect([...browser.cookies.keys()].filter((name) => name === 'ebb_console')).toEqual([])
    expect((await browser.call('/v1/keys')).status).toBe(401)
  })

  it('403 is a sentence for who reads it, with a way to log in as somebody else', async () => {
    const { browser } = await start()
    const back = await browser.comeBack('ada')
    const page = await browser.go(back, { headers: { accept: 'text/html,*/*;q=0.8' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect(await page.text()).toMatch(/<p>Your login lacks the scope ebb:admin\.<\/p>.*href="\/login\?prompt=login"/)
    const asked = await browser.go('/login?prompt=login')
    expect(new URL(asked.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
  })

  it('400 with an answer of another browser, of another attempt, or one that came before', async () => {
    const { browser } = await start()
    const back = await browser.comeBack('ola')
    const attempt = new Map(browser.cookies)
    browser.cookies.delete('ebb_login')
    expect((await browser.go(back)).status).toBe(400)
    await browser.go('/login')
    expect((await browser.go(back)).status).toBe(400)
    for (const [name, value] of attempt) browser.cookies.set(name, value)
    expect((await browser.go(back)).status).toBe(200)
    for (const [name, value] of attempt) browser.cookies.set(name, value)
    expect((await browser.go(back)).status).toBe(400)
  })

  it('502 where the issuer gives no tokens: that is not the fault of who has logged in', async () => {
    const { browser } = await start({ EBB_CONSOLE_CLIENT_SECRET: 'not-that-of-the-client' })
    const refused = await browser.logIn('ola')
    const { message } = (await refused.json()) as { message: string }
    expect([refused.status, message]).toEqual([502, expect.stringContaining('the log of the console says why')])
  })

  it.each(['https://attacker.example/', '//attacker.example', '/console/"><script>', '/console/\n'])(
    'never leads to %s',
    async (to) => {
      const { browser } = await start()
      expect(await (await browser.logIn('ola', encodeURIComponent(to))).text()).toContain('content="0;url=/console/"')
    },
  )

  it('303 ends it here and leads to where the issuer ends its own', async () => {
    const { browser } = await start()
    await browser.logIn('ola')
    const cookies = new Map(browser.cookies)
    expect((await browser.go('/logout', { method: 'POST' })).status).toBe(403)
    const out = await browser.call('/logout', { method: 'POST' })
    expect([out.status, out.headers.get('location')]).toEqual([
      303,
      expect.stringContaining(`${provider.issuer}/session/end`),
    ])
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    expect((await browser.call('/v1/keys')).status).toBe(401)
  })
})

describe('a request of its page', () => {
  it('goes to a gateway with who has made it, for the audit', async () => {
    const { browser } = await start()
    await browser.logIn('ola')
    const purged = await browser.call('/v1/cache/purge', {
      ...{ method: 'POST', body: '{"tag":"a"}', headers: { 'content-type': 'application/json' } },
    })
    expect(purged.status).toBe(204)
    const { entries } = (await (await browser.call('/v1/audit?limit=1')).json()) as { entries: object[] }
    expect(entries).toEqual([expect.objectContaining({ actor: 'admin ola', action: 'cache.purged' })])
    const refused = await browser.call('/v1/requests?status=9')
    expect([refused.status, refused.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
  })

  it.each<Readonly<Record<string, string>>>([
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('403 by anything but its page: %j', async (headers) => {
    const { browser } = await start()
    await browser.logIn('ola')
    expect((await browser.go('/v1/keys', { headers })).status).toBe(403)
  })

  it('200 joins what all gateways have seen', async () => {
    const { browser, gateways } = await start()
    await browser.logIn('ola')
    for (const { url } of gateways) await fetch(`${url}/v1/public`)
    interface Page {
      readonly requests: readonly { id: string; gateway: string }[]
      readonly next?: string
    }
    const list = async (query = '') => (await (await browser.call(`/v1/requests?${query}`)).json()) as Page
    await untilTrue(async () => (await list()).requests.length === 2)
    const { requests } = await list()
    expect(new Set(requests.map(({ gateway }) => gateway)).size).toBe(2)
    const first = await list('limit=1')
    const second = await list(`limit=1&before=${first.next}`)
    expect([...first.requests, ...second.requests]).toEqual(requests)
    const { traffic } = (await (await browser.call('/v1/traffic')).json()) as { traffic: object[] }
    expect(traffic).toEqual([
      expect.objectContaining({ function: 'get-public', totals: expect.objectContaining({ requests: 2 }) }),
    ])
    const named = await browser.call('/v1/requests', { headers: { 'ebb-gateway': requests[0]?.gateway ?? '' } })
    expect(((await named.json()) as Page).requests).toEqual([requests[0]])
  })

  it('200 follows all gateways at once', async () => {
    const { browser, gateways } = await start()
    await browser.logIn('ola')
    const hangUp = new AbortController()
    const live = await browser.call('/v1/requests/live', { signal: hangUp.signal })
    for (const { url } of gateways) await fetch(`${url}/v1/public`)
    let text = ''
    for await (const chunk of live.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.match(/^data: .*\n\n/gm)?.length === 2) break
    }
    const seen = text.match(/(?<="gateway":")[^"]+/g)
    expect(new Set(seen).size).toBe(2)
    hangUp.abort()
  })

  it('200 tells the story of a request, whichever gateway has answered it, and 404 where none knows it', async () => {
    const { browser, gateways } = await start()
    await browser.logIn('ola')
    const headers = { 'x-correlation-id': 'sent-twice' }
    for (const { url } of gateways) await fetch(`${url}/v1/public`, { headers })
    await fetch(`${gateways[1].url}/v1/things`, { headers: { 'x-correlation-id': 'sent-once' } })
    for (const [id, requests] of [
      ['sent-twice', 2],
      ['sent-once', 1],
    ] as const) {
      const told = await browser.call(`/v1/explain/${id}`)
      const { steps, correlationIds } = (await told.json()) as AdminOutput<typeof explainId>
      expect([told.status, steps.map(({ part }) => part), correlationIds]).toEqual([
        ...[200, Array(requests).fill('gateway')],
        [id],
      ])
    }
    expect((await browser.call('/v1/explain/sent-never')).status).toBe(404)
  })

  it('200 of the gateways that still answer, and says how many do not', async () => {
    const { browser, gateways } = await start()
    await browser.logIn('ola')
    await gateways[0].stop()
    const listed = await browser.call('/v1/gateways')
    expect([listed.status, listed.headers.get('ebb-gateways-missing')]).toEqual([200, '1'])
    for (let i = 0; i < 5; i++) expect((await browser.call('/v1/keys')).status).toBe(200)
  })
})

it('renews a token before it ends, once for all who ask, and forgets who cannot be renewed', async () => {
  let hours = 0
  const [issuer] = parseIssuers([
    { issuer: provider.issuer, audience: 'urn:ebb:api', algorithms: ['ES256'], allowHttp: true },
  ])
  if (!issuer) throw new Error('there is no issuer')
  const logins = createLogins({
    ...{ issuer, origin: 'http://localhost:5173', clientId: 'app', clientSecret: () => undefined },
    ...{ scopes: 'openid', adminScope: 'ebb:admin', now: () => Date.now() + hours * 3_600_000 },
  })
  const { access_token: token = '', refresh_token: refreshToken } = await provider
    .browser()
    .logIn('ola', { scope: 'openid ebb:admin' })
  const tokenEndsAt = Date.now() + 3_600_000
  const { id } = logins.start({ token, refreshToken, tokenEndsAt }, 'admin ola')
  expect((await logins.find(id))?.token).toBe(token)
  hours = 1
  const renewed = await Promise.all([logins.find(id), logins.find(id), logins.find(id)])
  expect(new Set(renewed.map((found) => found?.token)).size).toBe(1)
  expect(renewed[0]?.token).not.toBe(token)
  const once = logins.start({ token, refreshToken: undefined, tokenEndsAt }, 'admin ola')
  expect(await logins.find(once.id)).toBeUndefined()
  hours = 13
  expect(await logins.find(id)).toBeUndefined()
})
