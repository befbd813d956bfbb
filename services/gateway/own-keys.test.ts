import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Authenticated } from 'ebb/http/gateway'
import { createLog, holderOf } from 'ebb/kernel'
import { callerIdOf } from 'ebb/protocol'
import type { ContractSet } from '../../src/contract/index.ts'
import { KEYS_CHANNEL } from '../../src/data/keys/api-keys.ts'
import { openListener } from '../../src/data/postgres/listener.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import type { Meter } from '../../src/http/gateway/admission.ts'
import { contracts, testGateway } from '../../src/http/gateway/test-support.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { createKeyCache } from './key-cache.ts'
import { createLookups } from './lookups.ts'
import { createOwnKeyStore } from './own-key-store.ts'
import { PEPPER, untilStatus } from './test-support.ts'

const { ownerUrl, url } = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(databaseUrlFor('gateway', url), { log })
const owner = createPool(ownerUrl, { log })
afterAll(() => Promise.all([pool.end(), owner.end()]))
beforeEach(() => owner.query('truncate ebb.api_key, ebb.audit, ebb.idempotency'))

/** A quota that is used up: whoever is charged is refused. */
const REFUSAL = { allowed: false, remaining: 0, waitSeconds: 60 }
const SPENT: Meter = {
  ...{ findRefusal: () => REFUSAL, take: async () => REFUSAL },
  ...{ count: () => {}, giveBack: () => {} },
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Who is logged in with which token: what an issuer would say. */
const LOGINS: Readonly<Record<string, Authenticated>> = {
  ada: login('ada', { tenant: 'acme', scopes: ['things:write', 'things:more'], roles: ['clerk', 'boss'] }),
  // Ada, after the issuer has taken something from her.
  lesser: login('ada', { tenant: 'acme', scopes: ['things:more'] }),
  ben: login('ben', { tenant: 'acme', scopes: ['things:write'] }),
  other: login('ada', { tenant: 'other', scopes: ['things:write', 'things:more'] }),
  none: login('ada', { scopes: ['things:write', 'things:more'] }),
}

function login(sub: string, rest: Omit<Authenticated['caller'], 'sub'>): Authenticated {
  return { caller: { sub, ...rest }, plan: 'gold', credential: { kind: 'token', id: 'https://issuer.test' } }
}

interface StartOptions {
  readonly maxKeys?: number
  readonly logins?: boolean
  readonly plans?: NonNullable<ContractSet['plans']>
}

/** A gateway whose logins are those, and whose keys are in the database. */
async function start({ maxKeys = 3, logins = true, plans = {} }: StartOptions = {}) {
  const shed = () => {}
  // For this cache no time passes: what it knows it forgets only when it is notified.
  const startedAt = Date.now()
  const { findKey } = createLookups(pool, { pepper: PEPPER, maxRunning: 2, shed })
  const keys = createKeyCache(findKey, { now: () => startedAt })
  const up = Promise.withResolvers<void>()
  const channel = openListener(url, [KEYS_CHANNEL], { onNotify: keys.clear, onUp: up.resolve, log })
  closers.push(() => channel.close())
  await up.promise
  const seen: unknown[] = []
  const token = ({ token }: { token: string }) => {
    const found = LOGINS[token]
    if (!found) throw new Error(`no login is called ${token}`)
    return found
  }
  const { url: gateway, invoked } = await testGateway({
    dependencies: {
      authenticate: { key: keys.find, ...(logins ? { token } : {}) },
      contracts: () => ({ ...contracts, plans }),
      plans: { ofTenant: () => undefined, meter: SPENT },
      ownKeys: createOwnKeyStore(pool, {
        pepper: () => ({ current: PEPPER }),
        maxKeys,
        maxRunning: 1,
        timeoutMs: 60_000,
        shed,
      }),
      sign: async (caller) => {
        seen.push(caller)
        return 'signed'
      },
    },
  })
  const as = (bearer: string) => async (method: string, path: string, body?: unknown, key?: string) => {
    const response = await fetch(gateway + path, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'POST' ? { 'idempotency-key': key ?? crypto.randomUUID() } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: text ? JSON.parse(text) : undefined }
  }
  /** The status of a request to a function with this token of a key. */
  const use = async (token: string) => (await as(token)('GET', '/v1/things/mine')).status
  return { as, use, invoked, seen, gateway }
}

const NEW = { name: 'till 7', scopes: ['things:write'] }
const auditOf = async () =>
  (await owner.query('select actor, action, subject, tenant, detail from ebb.audit order by id')).rows

describe('POST /v1/keys', () => {
  it('201 a key that calls as its maker, in that tenant and on that plan, and expires', async () => {
    const { as, use, seen } = await start()
    const made = await as('ada')('POST', '/v1/keys', { ...NEW, roles: ['clerk'] })
    expect([made.status, made.headers.get('cache-control')]).toEqual([201, 'private, no-store'])
    const { key, token } = made.body
    expect(key).toMatchObject({
      ...NEW,
      subject: 'ada',
      tenant: 'acme',
      plan: 'gold',
      roles: ['clerk'],
      replaces: null,
    })
    const days = (Date.parse(key.expiresAt) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(90)
    expect(await use(token)).toBe(200)
    expect(seen).toEqual([{ sub: 'ada', tenant: 'acme', scopes: ['things:write'], roles: ['clerk'] }])
    const { text } = await as('ada')('GET', '/v1/keys')
    expect(JSON.parse(text)).toEqual({ keys: [key] })
    expect(text).not.toContain(token)
    expect(await auditOf()).toMatchObject([
      {
        actor: 'login ada',
        action: 'key.created',
        subject: `ada ${key.prefix}`,
        tenant: 'acme',
        detail: { key: key.id },
      },
    ])
  })

  it('201 the same key and token for the same Idempotency-Key, of which nothing stored tells the token', async () => {
    const { as, use } = await start()
    const first = await as('ada')('POST', '/v1/keys', NEW, 'one')
    const again = await as('ada')('POST', '/v1/keys', NEW, 'one')
    expect(again.text).toBe(first.text)
    expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true'])
    expect((await as('ada')('POST', '/v1/keys', { ...NEW, name: 'till 8' }, 'one')).status).toBe(422)
    // Another caller's key of the same name makes another one.
    const others = await as('other')('POST', '/v1/keys', NEW, 'one')
    expect(others.body.token).not.toBe(first.body.token)
    expect(await use(first.body.token)).toBe(200)
    const { rows } = await owner.query(`
      select body::text, convert_from(body, 'utf8') as text from ebb.idempotency
      union all select to_json(k)::text, '' from ebb.api_key as k union all select to_json(a)::text, '' from ebb.audit as a`)
    expect(JSON.stringify(rows)).not.toContain(first.body.token.slice(17, 41))
  })

  it('one key, however many requests with the same Idempotency-Key come at once', async () => {
    const { as } = await start()
    const sent = Array.from({ length: 8 }, () => as('ada')('POST', '/v1/keys', NEW, 'many'))
    const statuses = new Set((await Promise.all(sent)).map(({ status }) => status))
    expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([])
    expect((await as('ada')('GET', '/v1/keys')).body.keys).toHaveLength(1)
  })

  it.each([
    ['a scope', { scopes: ['things:write', 'all:things'] }, 'the scope all:things'],
    ['a role', { roles: ['owner'] }, 'the role owner'],
  ])('403 %s that the login does not have', async (_what, more, named) => {
    const { as } = await start()
    const refused = await as('ada')('POST', '/v1/keys', { ...NEW, ...more })
    expect([refused.status, refused.body.error]).toEqual([403, 'forbidden'])
    expect(refused.body.message).toContain(named)
    expect(await auditOf()).toEqual([])
  })

  it('403 by a key, which cannot make others, and 401 by nothing', async () => {
    const { as, gateway } = await start()
    const { token } = (await as('ada')('POST', '/v1/keys', NEW)).body
    for (const [method, path] of [
      ['GET', '/v1/keys'],
      ['POST', '/v1/keys'],
      ['POST', `/v1/keys/${crypto.randomUUID()}/rotate`],
      ['DELETE', `/v1/keys/${crypto.randomUUID()}`],
    ] as const) {
      const refused = await as(token)(method, path, method === 'POST' ? {} : undefined)
      expect([refused.status, refused.body.message]).toEqual([403, expect.stringContaining('by a login')])
      expect((await fetch(gateway + path, { method })).status).toBe(401)
    }
  })

  it('409 beyond as many as a caller may have; those of other tenants, and replaced ones, do not count', async () => {
    const { as } = await start({ maxKeys: 2 })
    const first = await as('ada')('POST', '/v1/keys', NEW)
    await as('other')('POST', '/v1/keys', NEW)
    await as('ada')('POST', `/v1/keys/${first.body.key.id}/rotate`, {})
    expect((await as('ada')('POST', '/v1/keys', NEW)).status).toBe(201)
    const refused = await as('ada')('POST', '/v1/keys', NEW)
    expect([refused.status, refused.body.error]).toEqual([409, 'too_many_keys'])
  })

  it('400 every issue, and no key that never expires', async () => {
    const { as } = await start()
    const { status, body } = await as('ada')('POST', '/v1/keys', { expiresAt: '2999-01-01T00:00:00Z', more: 1 })
    const paths = body.details.map(({ path }: { path: string }) => path).sort()
    expect([status, ...paths]).toEqual([400, 'body.expiresAt', 'body.more', 'body.name', 'body.scopes'])
  })
})

describe('POST /v1/keys/{id}/rotate', () => {
  it('201 both tokens are valid for the overlap; without one, no gateway takes the old token a second later', async () => {
    const [here, there] = [await start(), await start()]
    const { key, token } = (await here.as('ada')('POST', '/v1/keys', NEW)).body
    const rotated = await here.as('ada')('POST', `/v1/keys/${key.id}/rotate`, { overlapSeconds: 60 })
    expect([rotated.status, rotated.body.key]).toMatchObject([
      201,
      { ...NEW, replaces: key.id, expiresAt: key.expiresAt },
    ])
    expect(await Promise.all([token, rotated.body.token].map(there.use))).toEqual([200, 200])
    // Rotated once more, with no overlap: of one key at most two tokens are valid, here none but the newest.
    const last = await here.as('ada')('POST', `/v1/keys/${rotated.body.key.id}/rotate`, { overlapSeconds: 0 })
    for (const old of [token, rotated.body.token])
      await untilStatus(401, () => fetch(`${there.gateway}/v1/things/mine`, { headers: { 'x-api-key': old } }))
    expect(await there.use(last.body.token)).toBe(200)
    expect((await auditOf()).map(({ action }) => action)).toEqual(['key.created', 'key.rotated', 'key.rotated'])
  })

  it('201 the same token where the request is repeated, and 409 where another request rotates it again', async () => {
    const { as } = await start()
    const { key } = (await as('ada')('POST', '/v1/keys', NEW)).body
    const rotate = (idempotencyKey: string) => as('ada')('POST', `/v1/keys/${key.id}/rotate`, {}, idempotencyKey)
    const first = await rotate('one')
    expect((await rotate('one')).text).toBe(first.text)
    const again = await rotate('two')
    expect([again.status, again.body.error]).toEqual([409, 'already_rotated'])
    expect(again.body.message).toContain(first.body.key.id)
  })

  it('403 where the login has lost what the key may do: revoking it is left', async () => {
    const { as, use } = await start()
    const { key, token } = (await as('ada')('POST', '/v1/keys', NEW)).body
    const refused = await as('lesser')('POST', `/v1/keys/${key.id}/rotate`, {})
    expect([refused.status, refused.body.message]).toEqual([403, expect.stringContaining('things:write')])
    expect(await use(token)).toBe(200)
    expect((await as('lesser')('DELETE', `/v1/keys/${key.id}`)).status).toBe(204)
  })

  it('409 a key that is revoked', async () => {
    const { as } = await start()
    const { key } = (await as('ada')('POST', '/v1/keys', NEW)).body
    await as('ada')('DELETE', `/v1/keys/${key.id}`)
    const refused = await as('ada')('POST', `/v1/keys/${key.id}/rotate`, {})
    expect([refused.status, refused.body.error]).toEqual([409, 'key_not_live'])
  })
})

describe('DELETE /v1/keys/{id}', () => {
  it('204 in all gateways, and as often as it is sent', async () => {
    const [here, there] = [await start(), await start()]
    const { key, token } = (await here.as('ada')('POST', '/v1/keys', NEW)).body
    expect(await there.use(token)).toBe(200)
    expect((await here.as('ada')('DELETE', `/v1/keys/${key.id}`)).status).toBe(204)
    await untilStatus(401, () => fetch(`${there.gateway}/v1/things/mine`, { headers: { 'x-api-key': token } }))
    expect((await here.as('ada')('DELETE', `/v1/keys/${key.id}`)).status).toBe(204)
    expect((await auditOf()).map(({ action }) => action)).toEqual(['key.created', 'key.revoked'])
  })

  it.each(['ben', 'other', 'none'])("404 another caller's key, as one that there is not: %s", async (stranger) => {
    const { as, use } = await start()
    const { key, token } = (await as('ada')('POST', '/v1/keys', NEW)).body
    const unknown = crypto.randomUUID()
    for (const [method, path] of [
      ['DELETE', '/v1/keys/ID'],
      ['POST', '/v1/keys/ID/rotate'],
    ] as const) {
      const answers = await Promise.all(
        [key.id, unknown].map((id) => as(stranger)(method, path.replace('ID', id), method === 'POST' ? {} : undefined)),
      )
      expect(answers.map(({ status }) => status)).toEqual([404, 404])
      expect(answers[0]?.body.message).toBe(answers[1]?.body.message)
    }
    expect((await as(stranger)('GET', '/v1/keys')).body.keys).toEqual([])
    expect(await use(token)).toBe(200)
  })
})

it('200 pages of the own keys do not overlap', async () => {
  const { as } = await start({ maxKeys: 5 })
  for (const name of ['a', 'b', 'c']) await as('ada')('POST', '/v1/keys', { ...NEW, name })
  const first = (await as('ada')('GET', '/v1/keys?limit=2')).body
  const second = (await as('ada')('GET', `/v1/keys?limit=2&before=${first.next}`)).body
  expect([...first.keys, ...second.keys].map(({ name }: { name: string }) => name)).toEqual(['c', 'b', 'a'])
  expect(second.next).toBeUndefined()
})

describe('usage', () => {
  const count = (tenant: string, subject: string, keyId: string, requests: number, day = '2026-11-02') =>
    owner.query(`insert into ebb.usage values ($1, $2, $3, 'gold', $4, $5, 1)`, [day, tenant, subject, keyId, requests])
  const PERIOD = 'from=2026-11-01&to=2026-11-30'
  beforeEach(() => owner.query('truncate ebb.usage'))

  it("200 a caller's own, by a login and by a key, and nobody else's", async () => {
    const { as } = await start()
    const { key, token } = (await as('ada')('POST', '/v1/keys', NEW)).body
    await count('acme', 'ada', key.id, 3)
    await count('acme', 'ada', '', 4)
    for (const [tenant, subject] of [
      ['acme', 'ben'],
      ['other', 'ada'],
      ['', 'ada'],
    ] as const)
      await count(tenant, subject, '', 100)
    await count('acme', 'ada', '', 5, '2026-12-01')
    const ofKey = { day: '2026-11-02', plan: 'gold', keyId: key.id, requests: 3, refused: 1 }
    const days = [{ ...ofKey, keyId: null, requests: 4 }, ofKey]
    for (const bearer of ['ada', token]) {
      const { status, body } = await as(bearer)('GET', `/v1/usage?${PERIOD}`)
      expect([status, body]).toEqual([200, { plan: null, quota: null, from: '2026-11-01', to: '2026-11-30', days }])
    }
    const { body } = await as('ada')('GET', `/v1/keys/${key.id}/usage?${PERIOD}`)
    expect(body.days).toEqual([ofKey])
    expect((await as('none')('GET', `/v1/usage?${PERIOD}`)).body.days).toEqual([
      { ...ofKey, keyId: null, requests: 100 },
    ])
  })

  it('200 the plan and what is used of its quota, also where that is used up', async () => {
    const quota = { requests: 10, per: 'month', timeZone: 'UTC' } as const
    const { as } = await start({ plans: { gold: { quota } } })
    await owner.query(`insert into ebb.quota values ($1, 'month', date_trunc('month', now() at time zone 'UTC'), 10)`, [
      holderOf({ callerId: callerIdOf({ sub: 'ben', tenant: 'acme' }) }),
    ])
    const { body } = await as('ben')('GET', '/v1/usage')
    expect(body).toMatchObject({ plan: 'gold', quota: { per: 'month', requests: 10, used: 10 } })
    expect(body.from).toBe(`${body.to.slice(0, 8)}01`)
  })

  it("404 another caller's key, 403 by a key, 400 days that are no period", async () => {
    const { as } = await start()
    const { key, token } = (await as('ada')('POST', '/v1/keys', NEW)).body
    expect((await as('other')('GET', `/v1/keys/${key.id}/usage`)).status).toBe(404)
    expect((await as(token)('GET', `/v1/keys/${key.id}/usage`)).status).toBe(403)
    for (const query of ['from=2026-11-02&to=2026-11-01', 'from=2024-01-01&to=2026-11-01', 'from=tomorrow'])
      expect((await as('ada')('GET', `/v1/usage?${query}`)).status).toBe(400)
  })
})

it('404 where nobody can log in', async () => {
  const { gateway } = await start({ logins: false })
  const headers = { 'x-api-key': 'x' }
  expect((await fetch(`${gateway}/v1/keys`, { headers })).status).toBe(404)
})
