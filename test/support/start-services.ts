import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, inheritedEnv, parseConfig } from 'ebb/kernel'
import { generateIdentityKeys } from 'ebb/protocol'
import { startGateway } from '../../services/gateway/start-gateway.ts'
import { startRelay } from '../../services/relay/start-relay.ts'
import type { Route, WebhookEvent } from '../../src/contract/index.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'

const PEPPER = 'p'.repeat(32)
const log = createLog({ level: 'silent' })

type Keys = Awaited<ReturnType<typeof generateIdentityKeys>>

/** What gateway and relay are started with, besides their database. */
export interface ServicesOptions {
  readonly routes?: readonly Route[]
  readonly webhookEvents?: readonly WebhookEvent[]
  /** Functions whose identity checks know these keys. Default: new ones. */
  readonly keys?: Keys
  /** Where the functions are; default: nowhere. */
  readonly upstreams?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A gateway, and as many relays as are asked for, on one database and the contracts that a test gives. */
export async function startServices(
  databaseUrl: string,
  { routes = [], webhookEvents = [], keys, upstreams = 'http://127.0.0.1:9', env: more = {} }: ServicesOptions,
) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-services-'))
  const closers: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })]
  await writeFile(
    join(folder, 'contracts-1.cjs'),
    `exports.routes = ${JSON.stringify(routes)}; exports.webhookEvents = ${JSON.stringify(webhookEvents)}
     exports.subscriptions = []; exports.openapi = {}
     exports.validate = () => ({ ok: true, input: {} }); exports.validateEvent = () => ({ ok: true })`,
  )
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  const { gateway: gatewayKey, relay: relayKey } = keys ?? (await generateIdentityKeys())
  const envOf = (part: 'gateway' | 'relay', key: object) => ({
    ...{ PORT: '0', EBB_HOST: '127.0.0.1', EBB_CONTRACTS: join(folder, 'contracts'), EBB_KEY_PEPPER: PEPPER },
    ...{ EBB_UPSTREAM_TEMPLATE: `${upstreams}/{name}`, EBB_ADMIN_KEY: 'admin-key-of-this-test' },
    ...{ EBB_START_TIMEOUT_MS: '1000', ...more },
    ...{ DATABASE_URL: databaseUrlFor(part, databaseUrl), EBB_IDENTITY_KEY: JSON.stringify(key) },
  })
  const relayEnv = envOf('relay', relayKey)
  const gateway = await startGateway(parseConfig(envOf('gateway', gatewayKey)), { log })
  closers.push(gateway.stop)
  const pool = createPool(databaseUrl, { max: 4, log })
  closers.push(() => pool.end())
  return {
    ...{ url: `http://127.0.0.1:${gateway.port}`, pool },
    /** Makes a key of a caller; returns its token. */
    keyOf: async (subject: string, { scopes = [], tenant }: { scopes?: string[]; tenant?: string } = {}) =>
      (await createKey(pool, PEPPER, { subject, scopes, actor: 'test', ...(tenant ? { tenant } : {}) })).token,
    startRelay: async (options: { readonly pollMs?: number } = {}) => {
      const { stop } = await startRelay(parseConfig(relayEnv), { log, drainMs: 50, ...options })
      closers.push(stop)
      return { stop }
    },
    /** One in a process of its own, to be killed. */
    spawnRelay: (): ChildProcess => {
      const child = spawn(process.execPath, ['services/relay/index.ts'], {
        env: { ...inheritedEnv(['NODE_COMPILE_CACHE']), ...relayEnv, LOG_LEVEL: 'silent' },
      })
      closers.push(() => child.kill('SIGKILL'))
      return child
    },
    close: async () => {
      for (const close of closers.reverse()) await close()
    },
  }
}
