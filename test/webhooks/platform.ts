import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, inheritedEnv, parseConfig } from 'ebb/kernel'
import { generateIdentityKeys } from 'ebb/protocol'
import { startGateway } from '../../services/gateway/start-gateway.ts'
import { startRelay } from '../../services/relay/start-relay.ts'
import type { WebhookEvent } from '../../src/contract/index.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'

const PEPPER = 'p'.repeat(32)
export const WEBHOOK_KEY = 'k'.repeat(32)
const log = createLog({ level: 'silent' })

const EVENTS: readonly WebhookEvent[] = [
  { type: 'order.placed', summary: 'An order was placed.', owner: 'by', scopes: [] },
  { type: 'order.refunded', owner: 'by', scopes: ['refunds:read'] },
  { type: 'price.changed', scopes: [] },
]

/** Gateway and relays on one database, with events for customers and no function. */
export async function startPlatform(
  databaseUrl: string,
  { env: more = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
) {
  const closers: (() => unknown)[] = []
  const folder = await mkdtemp(join(tmpdir(), 'ebb-webhooks-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const { gateway: gatewayKey, relay: relayKey } = await generateIdentityKeys()
  await writeFile(
    join(folder, 'contracts-1.cjs'),
    `exports.routes = []; exports.subscriptions = []; exports.openapi = {}
     exports.webhookEvents = ${JSON.stringify(EVENTS)}
     exports.validate = () => ({ ok: true, input: {} }); exports.validateEvent = () => ({ ok: true })`,
  )
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  const envOf = (part: 'gateway' | 'relay', key: object) => ({
    ...{ PORT: '0', EBB_HOST: '127.0.0.1', EBB_CONTRACTS: join(folder, 'contracts'), EBB_KEY_PEPPER: PEPPER },
    ...{ EBB_UPSTREAM_TEMPLATE: 'http://127.0.0.1:9/{name}', EBB_ADMIN_KEY: 'admin-key-of-this-test' },
    ...{ EBB_WEBHOOK_KEY: WEBHOOK_KEY, EBB_WEBHOOK_TIMEOUT_MS: '1000', EBB_START_TIMEOUT_MS: '1000' },
    ...{ DATABASE_URL: databaseUrlFor(part, databaseUrl), EBB_IDENTITY_KEY: JSON.stringify(key) },
    ...more,
  })
  const relayEnv = envOf('relay', relayKey)
  const gateway = await startGateway(parseConfig(envOf('gateway', gatewayKey)), { log })
  closers.push(gateway.stop)
  const pool = createPool(databaseUrl, { max: 4, log })
  closers.push(() => pool.end())
  return {
    ...{ url: `http://127.0.0.1:${gateway.port}`, pool },
    keyOf: async (subject: string, { scopes = [] as string[], tenant }: { scopes?: string[]; tenant?: string } = {}) =>
      (await createKey(pool, PEPPER, { subject, scopes, actor: 'test', ...(tenant ? { tenant } : {}) })).token,
    startRelay: async () => {
      const { stop } = await startRelay(parseConfig(relayEnv), { log, drainMs: 50 })
      closers.push(stop)
      return { stop }
    },
    spawnRelay: (): ChildProcess => {
      const child = spawn(process.execPath, ['services/relay/index.ts'], {
        env: { ...inheritedEnv(['NODE_COMPILE_CACHE']), ...relayEnv, LOG_LEVEL: 'silent' },
      })
      closers.push(() => child.kill('SIGKILL'))
      return child
    },
    /** Emits as a function's transaction does. Returns the id. */
    emit: async (type: string, data: object, { tenant = null as string | null } = {}) => {
      const id = randomUUID()
      await pool.query(
        `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, hops, tenant)
         values ($1, $2, '/test', $3, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'c', 'x', 0, $4)`,
        [id, type, JSON.stringify(data), tenant],
      )
      await pool.query(`notify ebb_outbox, 'events'`)
      return id
    },
    close: async () => {
      for (const close of closers.reverse()) await close()
    },
  }
}

export type TestPlatform = Awaited<ReturnType<typeof startPlatform>>

/** What one customer does. */
export function customer({ url }: Pick<TestPlatform, 'url'>, token: string) {
  const ask = async (method: string, path = '', body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${url}/v1/webhooks${path}`, {
      method,
      headers: { 'x-api-key': token, 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    // Whatever a test asks for of it.
    // biome-ignore lint/suspicious/noExplicitAny: the tests look at all of the API's answers
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as any }
  }
  return {
    get: (path = '') => ask('GET', path),
    post: (path: string, body?: unknown, headers?: Readonly<Record<string, string>>) =>
      ask('POST', path, body, headers),
    patch: (path: string, body: unknown) => ask('PATCH', path, body),
    remove: (path: string) => ask('DELETE', path),
  }
}
