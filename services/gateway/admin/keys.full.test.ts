import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import type { AuditEntry } from '../../../src/data/audit.ts'
import type { ApiKey } from '../../../src/data/keys/api-keys.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, ADMIN_KEY, gatewaySettings, startTestGateway, untilStatus } from '../test-support.ts'

const database = testDatabase()

async function start() {
  const settings = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const contracts = settings.env.EBB_CONTRACTS.replace(/contracts$/, 'contracts-1.cjs')
  await appendFile(contracts, `\nexports.plans = { pro: { quota: { requests: 1000, per: 'month', timeZone: 'UTC' } } }`)
  const { url, admin } = await startTestGateway(settings.env)
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(admin + path, {
      ...{ method, headers: { ...ADMIN, 'content-type': 'application/json' } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = await response.text()
    return { status: response.status, body: answer ? JSON.parse(answer) : undefined }
  }
  const ebb = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, ['src/cli.ts', ...args, '--admin', admin], {
      env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), EBB_ADMIN_KEY: ADMIN_KEY },
    })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { out, err, code }
  }
  const use = (token: string) => fetch(`${url}/v1/things`, { headers: { 'x-api-key': token } })
  return { send, ebb, use }
}

const GRANT = { scopes: ['things:write'], roles: ['clerk'], tenant: 'acme', plan: 'pro', name: 'till' }
const ids = ({ keys }: { keys: readonly ApiKey[] }) => keys.map(({ id }) => id)

it('201 a key has its roles, tenant, plan and name, by which it is listed', async () => {
  const { send } = await start()
  const { body } = await send('POST', '/v1/keys', { subject: 'ann', ...GRANT })
  expect(body.key).toMatchObject({ subject: 'ann', ...GRANT })
  const other = await send('POST', '/v1/keys', { subject: 'ann', scopes: [], tenant: 'other' })
  const listed = async (query: string) => ids((await send('GET', `/v1/keys?${query}`)).body)
  expect(await listed('tenant=acme')).toEqual([body.key.id])
  expect(await listed('plan=pro')).toEqual([body.key.id])
  expect(await listed('subject=ann')).toEqual([other.body.key.id, body.key.id])
  await send('DELETE', `/v1/keys/${other.body.key.id}`)
  expect(await listed('subject=ann&live=true')).toEqual([body.key.id])
  expect((await send('POST', '/v1/keys', { subject: 'ann', scopes: [], tenant: '-' })).status).toBe(400)
  expect((await send('POST', '/v1/keys', { subject: 'ann', scopes: [], plan: 'none' })).status).toBe(400)
})

it('201 a rotated key has the same rights and another token, and the old one ends with the overlap', async () => {
  const { send, use } = await start()
  const { body: old } = await send('POST', '/v1/keys', { subject: 'ben', ...GRANT })
  const rotated = await send('POST', `/v1/keys/${old.key.id}/rotate`, { overlapSeconds: 0 })
  expect([rotated.status, rotated.body.key]).toMatchObject([201, { subject: 'ben', ...GRANT, replaces: old.key.id }])
  expect((await use(rotated.body.token)).status).toBe(200)
  await untilStatus(401, () => use(old.token))
  const again = await send('POST', `/v1/keys/${old.key.id}/rotate`, {})
  expect([again.status, again.body.error]).toEqual([409, 'key_not_live'])
  expect((await send('POST', `/v1/keys/${crypto.randomUUID()}/rotate`, {})).status).toBe(404)
})

it('200 the audit has each change once, by actor, action, tenant and time, in pages', async () => {
  const { send } = await start()
  const since = new Date().toISOString()
  const { body } = await send('POST', '/v1/keys', { subject: 'cy', ...GRANT, tenant: 'cytown' })
  await send('POST', `/v1/keys/${body.key.id}/rotate`, {})
  await send('DELETE', `/v1/keys/${body.key.id}`)
  await send('DELETE', `/v1/keys/${body.key.id}`)
  const list = async (query: string) => (await send('GET', `/v1/audit?tenant=cytown&${query}`)).body
  const all: { entries: readonly AuditEntry[] } = await list('action=key')
  expect(all.entries.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    ...['admin key.revoked', 'admin key.rotated', 'admin key.created'],
  ])
  expect(all.entries.at(-1)).toMatchObject({
    ...{ subject: `cy ${body.key.prefix}`, tenant: 'cytown' },
    detail: { key: body.key.id, scopes: ['things:write'], roles: ['clerk'], plan: 'pro' },
  })
  expect(JSON.stringify(all)).not.toContain(body.token.slice(17, 41))
  expect((await list('action=key.created&actor=admin')).entries).toHaveLength(1)
  expect((await list('action=ke')).entries).toEqual([])
  expect((await list('actor=login%20cy')).entries).toEqual([])
  expect((await list(`since=${since}`)).entries).toHaveLength(3)
  expect((await list('since=2999-01-01T00:00:00Z')).entries).toEqual([])
  const page = await list('limit=2')
  expect([page.entries.length, (await list(`before=${page.next}`)).entries.length]).toEqual([2, 1])
})

it('the commands create, list and rotate keys, and show who did', async () => {
  const { ebb, use } = await start()
  const options = ['--tenant', 'dantown', '--plan', 'pro', '--name', 'till 7', '--scope', 'things:write']
  const made = await ebb('keys', 'create', 'dan', '--role', 'merchant', ...options)
  expect([made.code, made.err]).toEqual([0, ''])
  const [token = '', line = ''] = made.out.split('\n')
  const [, id = ''] = /^ {2}(\S+) for dan/.exec(line) ?? []
  expect((await use(token)).status).toBe(200)
  const rotated = await ebb('keys', 'rotate', id, '--overlap', '0', '--days', '7')
  await untilStatus(401, () => use(token))
  expect((await use(rotated.out.split('\n')[0] ?? '')).status).toBe(200)
  const listed = await ebb('keys', 'list', '--tenant', 'dantown', '--live')
  expect(listed.out.split('\n').map((row) => row.split(/ {2,}/).slice(1, 4))).toEqual([
    ...[['SUBJECT', 'TENANT', 'NAME'], ['dan', 'dantown', 'till 7'], []],
  ])
  const audit = await ebb('audit', '--tenant', 'dantown', '--action', 'key')
  expect(audit.out.split('\n').map((row) => row.split(/ {2,}/).slice(1, 3))).toEqual([
    ...[['ACTOR', 'ACTION'], ['admin', 'key.rotated'], ['admin', 'key.created'], []],
  ])
  expect(JSON.parse((await ebb('audit', '--tenant', 'dantown', '--limit', '1', '--json')).out)).toMatchObject({
    ...{ entries: [{ action: 'key.rotated' }], next: expect.any(Number) },
  })
  expect(await ebb('keys', 'rotate', id, '--overlap', '200')).toMatchObject({
    code: 2,
    err: expect.stringContaining('168'),
  })
})
