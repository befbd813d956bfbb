import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createIdentitySigner, generateIdentityKeys } from 'ebb/protocol'
import { testDatabase } from 'ebb/testing'
import { buildImage, findMissingTools } from '../../bench/image-size/build-image.ts'
import { runImage } from '../../bench/image-size/run-image.ts'
import { NODE_FLAGS } from '../../src/build/index.ts'
import { findFreePort } from '../../src/dev/ports.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { itWhere } from '../support/requirements.ts'

/** A test that builds images and runs them. */
const itWithImages = itWhere(findMissingTools())

/** The packages are fetched where they are not in a layer yet. */
const BUILD_MS = 900_000
/** OpenFaaS gives it to every function. Kubernetes adds the group 0 to a user that the image does not know. */
const FOREIGN_USER = '12000:0'

const database = testDatabase()
const keys = generateIdentityKeys()
let collector: OtlpReceiver
beforeAll(async () => {
  collector = await startOtlpReceiver()
})
afterAll(() => collector.close())

it('an image starts Node with the flags that its code caches are made with', () => {
  const [, command = ''] = /^ENTRYPOINT (.+)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? []
  expect(JSON.parse(command)).toEqual(['/usr/local/bin/node', ...NODE_FLAGS, '/app/start.cjs'])
})

describe('the image of place-order', () => {
  itWithImages('is built', async () => void (await buildImage('place-order')), BUILD_MS)
  itWithImages('takes an order on a read-only root', () => takeAnOrder({}, 65532))
  itWithImages('takes an order as a user that it does not know', () => takeAnOrder({ user: FOREIGN_USER }, 12000))
})

describe('the image of the gateway', () => {
  itWithImages('is built', async () => void (await buildImage('gateway')), BUILD_MS)

  itWithImages('serves by the contracts that are in it, as a user that it does not know', async () => {
    const [port, adminPort] = [await findFreePort(), await findFreePort()]
    const env = {
      ...{ ...(await serviceEnv('gateway')), PORT: `${port}`, EBB_ADMIN_PORT: `${adminPort}` },
      ...{ EBB_KEY_PEPPER: 'p'.repeat(32), EBB_ADMIN_KEY: 'a'.repeat(16) },
    }
    await using running = await runImage('localhost/ebb/gateway:bench', { env, user: FOREIGN_USER })
    await running.waitForLine('"listening"')
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect(await status('/_/health')).toBe(200)
    expect(await status('/_/ready')).toBe(200)
    expect(await status('/docs')).toBe(200)
    expect(await (await fetch(`http://127.0.0.1:${port}/openapi.json`)).json()).toHaveProperty(['paths', '/v1/orders'])
    expect((await running.stop()).code).toBe(0)
    expect(complaintsOf(running.lines)).toEqual([])
  })
})

describe('the image of the relay', () => {
  itWithImages('is built', async () => void (await buildImage('relay')), BUILD_MS)

  itWithImages('goes to work as a user that it does not know', async () => {
    const env = await serviceEnv('relay')
    await using running = await runImage('localhost/ebb/relay:bench', { env, user: FOREIGN_USER })
    await running.waitForLine('relay ready')
    expect((await running.stop()).code).toBe(0)
    expect(complaintsOf(running.lines)).toEqual([])
  })
})

/** At its end a process tells how V8 took the code cache of each part that was loaded: `false` is "not rejected". */
const TELL_CACHES = `--import=data:text/javascript,process.once('exit',()=>console.error('caches',...\
globalThis[Symbol.for('ebb.started')].scripts.values().map(s=>s.cachedDataRejected)))`

async function takeAnOrder(as: { readonly user?: string }, uid: number) {
  const { jwks, gateway } = await keys
  const port = await findFreePort()
  const env = {
    ...{ PORT: `${port}`, DATABASE_URL: database.url, EBB_IDENTITY_JWKS: JSON.stringify(jwks) },
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, NODE_OPTIONS: TELL_CACHES },
  }
  await using running = await runImage('localhost/ebb/place-order:bench', { env, ...as })
  await running.waitForLine('"listening"')
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init)
  expect((await call('/_/health')).status).toBe(204)
  expect((await call('/_/ready')).status).toBe(204)
  expect(await running.status()).toMatch(new RegExp(`^Uid:\\s+${uid}\\s`, 'm'))
  // Signals reach the first process of a container.
  expect(await running.status()).toMatch(/^NSpid:.*\s1$/m)

  const identity = await createIdentitySigner(gateway, 'ebb:gateway')(
    { sub: 'ada', scopes: ['orders:write'] },
    'place-order',
  )
  const headers = { 'content-type': 'application/json', 'idempotency-key': `${uid}`, 'ebb-identity': identity }
  const body = JSON.stringify({ sku: 'LAMP-BRASS-01', quantity: 1, email: 'ada@example.com' })
  expect((await call('/v1/orders', { method: 'POST', headers, body })).status).toBe(201)

  expect((await running.stop()).code).toBe(0)
  expect(await running.waitForLine('caches')).toMatch(/^caches( false)+$/)
  expect(complaintsOf(running.lines)).toEqual([])
  expect(collector.requests().map(({ path, status }) => `${path} ${status}`)).toContain('/v1/traces 200')
}

async function serviceEnv(name: 'gateway' | 'relay') {
  return {
    ...{ DATABASE_URL: databaseUrlFor(name, database.url), EBB_IDENTITY_KEY: JSON.stringify((await keys)[name]) },
    ...{ EBB_UPSTREAM_TEMPLATE: 'http://127.0.0.1:1/{name}', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  }
}

/** Its log above `info`, and whatever else it printed that is no log record. */
const complaintsOf = (lines: readonly string[]) =>
  lines.filter((line) => !line.startsWith('caches') && !/^{"level":"info"/.test(line))
