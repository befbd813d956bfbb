import { spawnSync } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { expect, it } from '@jest/globals'
import { Pool } from 'undici'
import { testDatabase } from '../../src/testing/index.ts'
import { untilTrue } from '../../test/support/until.ts'
import { ADMIN, gatewaySettings, startTestGateway } from './test-support.ts'

const database = testDatabase()
const SWAPS = 30

/** Contracts of which one endpoint is always there, one comes and goes, and one takes another method each time. */
const contractsOf = (revision: number) => `
  const route = { kind: 'endpoint', scopes: [], owner: false, policy: false, anonymous: true, idempotent: false, async: false,
    readOnly: true, hasBody: false, maxBodyBytes: 1000, headers: [], timeoutMs: 60000, scale: { max: 100, concurrency: 100 }, secrets: [], emits: [] }
  exports.routes = [
    { ...route, name: 'get-steady', summary: 'Revision ${revision}.', method: 'GET', path: '/v1/steady' },
    ${revision % 2 === 0 ? "{ ...route, name: 'get-extra', summary: '', method: 'GET', path: '/v1/extra' }," : ''}
    { ...route, name: 'get-changed', summary: '', method: '${revision % 3 === 0 ? 'DELETE' : 'GET'}', path: '/v1/changed' },
  ]
  exports.subscriptions = []
  exports.openapi = {}
  exports.validate = () => ({ ok: true, input: {} })
  exports.validateEvent = (_consumer, data) => ({ ok: true, data })`

it('swaps contracts under load: no request fails, and no connection is dropped', async () => {
  const held: (() => void)[] = []
  const { env } = await gatewaySettings(database.url, (request, response) => {
    const answer = () => void response.writeHead(200, { 'ebb-revision': '1' }).end(request.url)
    if (request.url?.includes('held')) held.push(answer)
    else request.resume().on('end', answer)
  })
  const folder = dirname(env.EBB_CONTRACTS)
  const swap = async (revision: number) => {
    await writeFile(join(folder, `contracts-r${revision}.cjs`), contractsOf(revision))
    await writeFile(join(folder, 'next'), `contracts-r${revision}.cjs`)
    await rename(join(folder, 'next'), env.EBB_CONTRACTS)
  }
  await swap(0)
  const { url, admin } = await startTestGateway(env)
  const connections = { opened: 0, closed: 0 }
  const pool = new Pool(url, { connections: 8, pipelining: 1 })
  pool.on('connect', () => void connections.opened++)
  pool.on('disconnect', () => void connections.closed++)
  const ask = async (path: string) => {
    const { statusCode, body } = await pool.request({ path, method: 'GET' })
    return [statusCode, await body.text()] as const
  }
  // It began with contracts that are gone long before it is answered.
  const begun = ask('/v1/extra?held')
  await untilTrue(() => held.length === 1)

  const state = { swapped: false }
  const wrong: string[] = []
  const counts: Record<string, number> = {}
  const allowed = { '/v1/steady': [200], '/v1/extra': [200, 404], '/v1/changed': [200, 405] }
  const load = async () => {
    while (!state.swapped)
      for (const [path, statuses] of Object.entries(allowed)) {
        const [status, text] = await ask(path)
        counts[`${path} ${status}`] = (counts[`${path} ${status}`] ?? 0) + 1
        if (!statuses.includes(status)) wrong.push(`${path} ${status} ${text}`)
      }
  }
  const loads = Array.from({ length: 6 }, load)
  const status = async () =>
    (await (await fetch(`${admin}/v1/contracts`, { headers: ADMIN })).json()) as { file: string; failure: unknown }
  for (let revision = 1; revision <= SWAPS; revision++) {
    await swap(revision)
    await untilTrue(async () => (await status()).file === `contracts-r${revision}.cjs`)
  }
  state.swapped = true
  await Promise.all(loads)
  held[0]?.()
  expect(await begun).toEqual([200, expect.stringContaining('/v1/extra?held')])
  expect(wrong).toEqual([])
  expect((await status()).failure).toBeNull()
  expect(Object.keys(counts).sort()).toEqual([
    ...['/v1/changed 200', '/v1/changed 405', '/v1/extra 200', '/v1/extra 404', '/v1/steady 200'],
  ])
  expect(connections).toEqual({ opened: connections.opened, closed: 0 })
  expect(connections.opened).toBeLessThanOrEqual(8)
  await pool.close()
})

it('keeps nothing of contracts that others have taken the place of', () => {
  const text = `import { runBundle } from ${JSON.stringify(resolve('src/protocol/contracts-file.ts'))}
    const bundle = (n) => Array.from({ length: 2_000 }, (_, i) => \`exports.f\${i} = () => 'set \${n}, part \${i}'; exports.f\${i}()\`).join('\\n')
    const heapMiB = () => (gc(), process.memoryUsage().heapUsed / 1_048_576)
    const load = (from, to) => { for (let n = from; n < to; n++) runBundle(bundle(n), '/contracts-' + n + '.cjs') }
    load(0, 10)
    const before = heapMiB()
    load(10, 50)
    console.log(heapMiB() - before)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', text], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(Number(stdout)).toBeLessThan(5)
})
