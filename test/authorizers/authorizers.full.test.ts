import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { runMatrix } from '../../src/conformance/index.ts'
import { readRoles, tryContracts } from '../../src/deploy/import-sources.ts'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { untilTrue } from '../support/until.ts'

let root: string
let remove: () => Promise<void>
let ebb: TestEbb
beforeAll(async () => {
  ;({ root, remove } = await copyCheckout())
  await rm(join(root, 'functions'), { recursive: true })
  await cp('test/authorizers/functions', join(root, 'functions'), { recursive: true })
  ebb = await startEbb({ root, env: { EBB_IDLE_MS: '300' } })
})
afterAll(async () => {
  await ebb.stop()
  await remove()
})

const send = (partner: string, secret = [...partner].reverse().join('')) =>
  ebb.call('GET', '/v1/offers', { key: '', headers: { 'x-partner': partner, 'x-partner-secret': secret } })

const statusOf = async (name: string) => (await ebb.functions()).find((one) => one.name === name)
const callsOf = async (name: string) => (await statusOf(name))?.requests

it('200 an authorizer is started once for a caller, and not again for its TTL, though it is idle meanwhile', async () => {
  const first = await Promise.all(Array.from({ length: 20 }, () => send('acme')))
  expect(new Set(first.map(({ status }) => status))).toEqual(new Set([200]))
  expect(await first[0]?.json()).toEqual({ sub: 'check-partner:acme', tenant: 'acme' })
  await untilTrue(async () => (await statusOf('check-partner'))?.instances === 0, { what: 'it is idle' })
  for (let n = 0; n < 20; n++) expect((await send('acme')).status).toBe(200)
  expect(await statusOf('check-partner')).toMatchObject({ coldStarts: 1, requests: 1, instances: 0 })
  expect(await ebb.metrics()).toMatch(
    /ebb_authorizer_judgements_total\{authorizer="check-partner",outcome="kept"\} \d+/,
  )
})

it('401 whom it does not know, 401 without a credential, which wakes nobody, and 200 for nobody else’s answer', async () => {
  const before = Number(await callsOf('check-partner'))
  expect((await ebb.call('GET', '/v1/offers', { key: ebb.ready.keys.customer ?? 'x' })).status).toBe(401)
  expect(await callsOf('check-partner')).toBe(before)
  expect((await send('acme', 'guess')).status).toBe(401)
  expect(await (await send('globex')).json()).toEqual({ sub: 'check-partner:globex', tenant: 'globex' })
  expect(await callsOf('check-partner')).toBe(before + 2)
})

it('503 with Retry-After while it fails, each time anew', async () => {
  for (let n = 0; n < 2; n++) {
    const response = await send('crash')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
  }
})

it('no key of any role passes where an authorizer judges', async () => {
  const { contracts } = await tryContracts('test/authorizers')
  const roles = await readRoles(TEST_PROJECT)
  const { url, admin, adminKey } = ebb.ready
  const report = await runMatrix({ url, admin: { url: admin, key: adminKey }, contracts, roles })
  expect([report.wrong, report.cells.length > 10]).toEqual([[], true])
})

it('its document says which headers callers send, and nobody outside reaches it', async () => {
  const document = JSON.parse(await (await ebb.call('GET', '/openapi.json')).text())
  const operations = Object.values<object>(document.paths).flatMap((path) => Object.values(path))
  expect(operations.map(({ operationId }) => operationId)).not.toContain('check-partner')
  const schemes = ['check-partner.x-partner', 'check-partner.x-partner-secret']
  expect(Object.keys(document.paths['/v1/offers'].get.security[0])).toEqual(schemes)
  expect(document.components.securitySchemes[schemes[0] ?? '']).toMatchObject({ in: 'header', name: 'x-partner' })
  for (const path of ['/', '/check-partner']) expect((await ebb.call('POST', path, { body: {} })).status).toBe(404)
})
