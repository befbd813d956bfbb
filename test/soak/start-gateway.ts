import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { killOnExit } from '../../bench/measure/kill-on-exit.ts'
import { findFreePort } from '../../bench/measure/prepare-start.ts'
import { startDatabase } from '../../bench/measure/start-database.ts'
import { NODE_FLAGS } from '../../src/build/index.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { startRedis } from '../../src/dev/redis.ts'
import { createLog, inheritedEnv } from '../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { untilTrue } from '../support/until.ts'
import { storedResponses } from './requests.ts'
import { writeContracts } from './write-contracts.ts'

const PEPPER = 'p'.repeat(32)
const CALLER = 'soak'
/** Garbage is collected once there is so much: without a limit V8 leaves it for gigabytes, and what is kept cannot be told from it. */
const MAX_HEAP_MIB = 160

/** One gateway as a process, on a Postgres and where there is one a Redis of its own, before a server that answers for all functions. */
export async function startSoakedGateway() {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-soak-'))
  const database = await startDatabase()
  const redis = await startRedis(process.env.PATH ?? '')
  const upstream = startUpstream()
  const { pointer, swap } = await writeContracts(folder)
  const { gateway } = await generateIdentityKeys()
  const [port, adminPort] = [await findFreePort(), await findFreePort()]
  const env = {
    ...inheritedEnv(['PATH']),
    ...{
      PORT: String(port),
      EBB_ADMIN_PORT: String(adminPort),
      EBB_HOST: '127.0.0.1',
      DATABASE_URL: database.url,
      EBB_CONTRACTS: pointer,
    },
    ...(redis ? { REDIS_URL: redis.url } : {}),
    ...{ EBB_UPSTREAM_TEMPLATE: `http://127.0.0.1:${await upstream.port}/{name}`, EBB_KEY_PEPPER: PEPPER },
    ...{ EBB_IDENTITY_KEY: JSON.stringify(gateway), EBB_ADMIN_KEY: 'a'.repeat(16), OTEL_SDK_DISABLED: 'true' },
    // A line for each request would cost this process more than to send it.
    LOG_LEVEL: 'warn',
  }
  const args = [...NODE_FLAGS, `--max-old-space-size=${MAX_HEAP_MIB}`, 'services/gateway/index.ts']
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = killOnExit(child)
  createInterface({ input: child.stdout }).on('line', (line) => process.stderr.write(`gateway: ${line}\n`))
  const key = await prepareDatabase(database.url)
  await untilTrue(
    () =>
      fetch(`http://127.0.0.1:${port}/_/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    { limitMs: 120_000 },
  )
  return {
    ...{ url: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${adminPort}`, pid: child.pid ?? 0 },
    ...{ key, swap, calls: upstream.calls },
    [Symbol.asyncDispose]: async () => {
      await stop()
      upstream.close()
      await redis?.stop().catch(() => {})
      await database[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Answers for every function with what it was asked, and counts. */
function startUpstream() {
  const calls = { count: 0 }
  const server = createServer((request, response) => {
    calls.count++
    // While its database is late a gateway passes repeated keys on, and the function replays what is stored itself.
    const key = String(request.headers['idempotency-key'] ?? '')
    const body = JSON.stringify({ echo: key.startsWith('stored-') ? key : request.url })
    request.resume().on('end', () => {
      const headers = { 'content-type': 'application/json', 'ebb-revision': 'soak', 'content-length': body.length }
      response.writeHead(request.method === 'POST' ? 201 : 200, headers).end(body)
    })
  })
  // As functions do, so that it closes no connection that a gateway is about to use.
  server.keepAliveTimeout = 95_000
  const port = new Promise<number>((resolve) =>
    // A server that listens on a port has an address.
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { calls, port, close }
}

/** An API key, and the responses that are to be replayed. */
async function prepareDatabase(url: string): Promise<string> {
  const pool = createPool(url, { log: createLog({ level: 'silent' }) })
  const grant = { subject: CALLER, scopes: ['things:read', 'things:write'], actor: 'soak' }
  const { token } = await createKey(pool, PEPPER, grant)
  for (const { key, fingerprint, body } of storedResponses())
    await pool.query(
      `insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
       values ($1, 'create-thing', $2, $3, 201, '{"content-type": "application/json"}', $4)`,
      [CALLER, key, Buffer.from(fingerprint), Buffer.from(body)],
    )
  await pool.end()
  return token
}
