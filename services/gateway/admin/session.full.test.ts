import { expect, it } from '@jest/globals'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, gatewaySettings, startTestGateway } from '../test-support.ts'
import { createSessions } from './sessions.ts'

const database = testDatabase()

async function start() {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const { admin, stop } = await startTestGateway(env)
  const begin = (key: string) =>
    fetch(`${admin}/v1/session`, {
      ...{ method: 'POST', body: JSON.stringify({ key }) },
      headers: { 'content-type': 'application/json', origin: admin },
    })
  const makeKey = async () => {
    const made = await fetch(`${admin}/v1/session/keys`, { method: 'POST', headers: ADMIN })
    return ((await made.json()) as { key: string }).key
  }
  const logIn = async () => {
    const [cookie = ''] = (await begin(await makeKey())).headers.getSetCookie()
    return { cookie: cookie.split(';', 1).join(), attributes: cookie.split('; ').slice(1) }
  }
  const purge = (headers: Readonly<Record<string, string>>) =>
    fetch(`${admin}/v1/cache/purge`, {
      ...{ method: 'POST', body: '{"tag":"a"}' },
      headers: { 'content-type': 'application/json', ...headers },
    })
  return { env, admin, stop, begin, makeKey, logIn, purge }
}

it('200 a one-time key logs a browser in, once', async () => {
  const { admin, begin, makeKey } = await start()
  const key = await makeKey()
  const first = await begin(key)
  expect([first.status, await first.json()]).toEqual([200, expect.objectContaining({ actor: 'admin', login: null })])
  const [cookie = ''] = first.headers.getSetCookie()
  const port = new URL(admin).port
  expect(cookie).toMatch(new RegExp(`^ebb_console_${port}=[\\w.-]+; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200$`))
  const again = await begin(key)
  expect([again.status, again.headers.getSetCookie()]).toEqual([401, []])
})

it('200 with its cookie, also of a gateway that was started again, until it logs out', async () => {
  const { env, admin, stop, logIn } = await start()
  const { cookie } = await logIn()
  const ask = (base: string, path: string, init: RequestInit = {}) =>
    fetch(base + path, { ...init, headers: { cookie, 'sec-fetch-site': 'same-origin' } })
  expect((await ask(admin, '/v1/keys')).status).toBe(200)
  const { port } = new URL(admin)
  await stop()
  const { admin: next } = await startTestGateway({ ...env, EBB_ADMIN_PORT: port })
  expect((await ask(next, '/v1/keys')).status).toBe(200)
  expect(await (await ask(next, '/v1/session')).json()).toMatchObject({ actor: 'admin' })
  const out = await ask(next, '/v1/session', { method: 'DELETE' })
  expect([out.status, out.headers.getSetCookie()[0]]).toEqual([204, expect.stringContaining('Max-Age=0')])
  expect((await ask(next, '/v1/keys')).status).toBe(401)
  expect(await (await ask(next, '/v1/session')).json()).toEqual({ actor: null, expiresAt: null, login: null })
})

it('204 a change by a page of this port, and 401 or 403 by anything else that has the cookie', async () => {
  const { admin, logIn, purge } = await start()
  const { cookie } = await logIn()
  const statuses = async (all: readonly Readonly<Record<string, string>>[]) =>
    Promise.all(all.map(async (headers) => (await purge({ cookie, ...headers })).status))
  expect(await statuses([{ origin: admin }, { 'sec-fetch-site': 'same-origin' }])).toEqual([204, 204])
  expect(
    await statuses([
      {},
      { 'sec-fetch-site': 'none' },
      { origin: 'http://localhost:3000' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
    ]),
  ).toEqual([401, 401, 403, 403, 403])
})

it('401 with a cookie that was changed, or that another admin key has signed', async () => {
  const { env, admin, logIn } = await start()
  const { cookie } = await logIn()
  const ask = async (value: string, base = admin) =>
    (await fetch(`${base}/v1/keys`, { headers: { cookie: value } })).status
  const [name, expiry = '', ...rest] = cookie.split(/[=.]/)
  const later = `${name}=${[Number(expiry) + 1, ...rest].join('.')}`
  expect([await ask(cookie), await ask(later), await ask(`${name}=`)]).toEqual([200, 401, 401])
  const { admin: other } = await startTestGateway({ ...env, EBB_ADMIN_KEY: 'another-admin-key-of-this-test' })
  const renamed = cookie.replace(/^ebb_console_\d+/, `ebb_console_${new URL(other).port}`)
  expect(await ask(renamed, other)).toBe(401)
})

it('a key and a session end after twelve hours', () => {
  let hours = 0
  const sessions = createSessions({ adminKeys: () => ['a'.repeat(16)], now: () => 1.7e12 + hours * 3_600_000 })
  const [{ key }, { key: late }] = [sessions.createKey(), sessions.createKey()]
  const headers = { host: 'localhost:8081' }
  const cookie = sessions.begin(key, headers)?.cookie.split(';', 1).join()
  hours = 11.9
  expect(sessions.expiryOf({ ...headers, cookie })).toBe(1.7e12 + 12 * 3_600_000)
  hours = 12
  expect([sessions.expiryOf({ ...headers, cookie }), sessions.begin(late, headers)]).toEqual([undefined, undefined])
})
