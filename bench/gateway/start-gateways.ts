import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { definePlans, type PlanShape } from '../../src/contract/public.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { startRedis } from '../../src/dev/redis.ts'
import { createLog, inheritedEnv } from '../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { killOnExit } from '../measure/kill-on-exit.ts'
import { startDatabase } from '../measure/start-database.ts'

const PEPPER = 'p'.repeat(32)
const ROUTE = {
  ...{ kind: 'endpoint', name: 'get-thing', summary: '', method: 'GET', path: '/v1/things', scopes: [], owner: false },
  ...{ anonymous: false, idempotent: false, async: false, readOnly: true, hasBody: false, maxBodyBytes: 1_000 },
  ...{ headers: [], timeoutMs: 5_000, scale: { max: 10, concurrency: 100 }, secrets: [], emits: [] },
}

/** Gateways as processes, on one Postgres and one Redis, in front of one function that answers at once and is counted here. */
export async function startGateways(
  count: number,
  shapes: Readonly<Record<string, PlanShape>>,
  settings: Readonly<Record<string, string>> = {},
) {
  const database = await startDatabase()
  const redis = await startRedis(process.env.PATH ?? '')
  if (!redis) throw new Error('there is no redis-server or valkey-server on PATH')
  const calls = { passed: 0 }
  const upstream = createServer((_request, response) => {
    calls.passed++
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address.
  const { port } = upstream.address() as AddressInfo
  const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-gateway-'))
  const contracts = `
    exports.routes = [${JSON.stringify(ROUTE)}]
    exports.subscriptions = []
    exports.openapi = {}
    exports.plans = ${JSON.stringify(definePlans(shapes))}
    exports.validate = () => ({ ok: true, input: {} })
    exports.validateEvent = (_consumer, data) => ({ ok: true, data })`
  await writeFile(join(folder, 'contracts-1.cjs'), contracts)
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  const { gateway } = await generateIdentityKeys()
  const env = {
    ...inheritedEnv(['PATH']),
    ...{ PORT: '0', EBB_HOST: '127.0.0.1', DATABASE_URL: database.url, REDIS_URL: redis.url },
    ...{ EBB_CONTRACTS: join(folder, 'contracts'), EBB_UPSTREAM_TEMPLATE: `http://127.0.0.1:${port}/{name}` },
    ...{ EBB_IDENTITY_KEY: JSON.stringify(gateway), EBB_KEY_PEPPER: PEPPER, EBB_ADMIN_KEY: 'a'.repeat(16) },
    ...{ EBB_GATEWAY_REPLICAS: String(count), OTEL_SDK_DISABLED: 'true', ...settings },
  }
  const gateways = await Promise.all(Array.from({ length: count }, () => startGatewayProcess(env)))
  const pool = createPool(database.url, { log: createLog({ level: 'silent' }) })
  const keyOf = async (plan?: string) => {
    const key = { subject: `caller-${plan}`, scopes: [], actor: 'bench', ...(plan ? { plan } : {}) }
    return (await createKey(pool, PEPPER, key)).token
  }
  return {
    ...{ calls, gateways, redis, pool, keyOf },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(gateways.map(({ stop }) => stop()))
      await pool.end()
      upstream.closeAllConnections()
      upstream.close()
      await redis.stop().catch(() => {})
      await database[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

async function startGatewayProcess(env: Readonly<Record<string, string | undefined>>) {
  const child = spawn(process.execPath, ['services/gateway/index.ts'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = killOnExit(child)
  const listening = Promise.withResolvers<number>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text)
    if (line.msg === 'listening') listening.resolve(line.port)
  })
  return { url: `http://127.0.0.1:${await listening.promise}`, pid: child.pid ?? Number.NaN, stop }
}
