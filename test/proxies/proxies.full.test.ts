import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type CheckResult, checkDeployed } from '../../src/commands/check.ts'
import { runMatrix } from '../../src/conformance/index.ts'
import { readRoles, tryContracts } from '../../src/deploy/import-sources.ts'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { untilTrue } from '../support/until.ts'

/** The old shop: it answers what it was asked. */
const asked: { readonly method: string; readonly url: string; readonly headers: Record<string, unknown> }[] = []
const shop = createServer(({ method = '', url = '', headers }, response) => {
  asked.push({ method, url, headers })
  response.setHeader('content-type', 'text/plain').end(`${method} ${url}`)
})

let root: string
let remove: () => Promise<void>
let ebb: TestEbb
beforeAll(async () => {
  ;({ root, remove } = await copyCheckout())
  await rm(join(root, 'functions'), { recursive: true })
  await cp('test/proxies/functions', join(root, 'functions'), { recursive: true })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`
  ebb = await startEbb({ root, env: { EBB_UPSTREAMS: JSON.stringify({ 'old-shop': url, 'old-lobby': `${url}/v2` }) } })
})
afterAll(async () => {
  await ebb.stop()
  shop.close()
  await remove()
})
beforeEach(() => void asked.splice(0))

const get = async (path: string, key?: string) => {
  const response = await ebb.call('GET', path, key === undefined ? {} : { key })
  return [response.status, await response.text()]
}

it('200 the old shop answers what no function does, and no process starts for it', async () => {
  expect(await get('/shop/orders/7?x=1')).toEqual([200, 'GET /orders/7?x=1'])
  expect(await get('/shop/lobby/x', '')).toEqual([200, 'GET /v2/shop/lobby/x'])
  expect(await get('/shop/products/7')).toEqual([200, 'GET /products/7'])
  expect((await ebb.functions()).map(({ name, instances }) => [name, instances])).toEqual([['list-products', 0]])
  expect(await get('/shop/products')).toEqual([200, '["lamp"]'])
  expect((await ebb.call('POST', '/shop/products', { body: {} })).status).toBe(200)
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    ...['GET /orders/7?x=1', 'GET /v2/shop/lobby/x', 'GET /products/7', 'POST /products'],
  ])
})

it('200 it learns who calls, signed for it and for nobody else', async () => {
  await get('/shop/orders')
  const { 'ebb-identity': identity, 'x-api-key': key } = asked[0]?.headers ?? {}
  const secrets = JSON.parse(await readFile(join(ebb.folder, 'secrets.json'), 'utf8'))
  const { payload } = await jwtVerify(String(identity), createLocalJWKSet(secrets.identity.jwks), {
    audience: 'old-shop',
  })
  expect([payload.sub, payload.scopes, key]).toEqual([
    expect.any(String),
    expect.arrayContaining(['orders:write']),
    undefined,
  ])
})

it('nobody gets past it who may not, whatever is asked for: the matrix, and ebb check', async () => {
  const { contracts } = await tryContracts('test/proxies')
  const roles = await readRoles(TEST_PROJECT)
  const { url, admin, adminKey } = ebb.ready
  const report = await runMatrix({ url, admin: { url: admin, key: adminKey }, contracts, roles })
  expect(report.wrong).toEqual([])
  expect(report.cells.filter((cell) => cell.includes('/shop/*')).length).toBeGreaterThan(10)
  expect(asked).toEqual([])
  const results: CheckResult[] = []
  for await (const result of checkDeployed(contracts, { url })) results.push(result)
  expect(results.filter(({ faults }) => faults.length > 0)).toEqual([])
  expect(results.map(({ name }) => name)).toContain('GET /shop/*: 401 without a key')
  expect(asked).toEqual([])
})

it('404 once its contract is gone, without a restart', async () => {
  await writeFile(
    join(root, 'functions/old-lobby/contract.ts'),
    (await readFile(join(root, 'functions/old-lobby/contract.ts'), 'utf8')).replace('/shop/lobby/*', '/lobby/*'),
  )
  await untilTrue(async () => (await get('/lobby/x', ''))[0] === 200, { what: 'the new path is passed on' })
  await rm(join(root, 'functions/old-lobby'), { recursive: true })
  await untilTrue(async () => (await get('/lobby/x', ''))[0] === 404, { what: 'the proxy is gone' })
})
