import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { NODE_FLAGS } from '../../../src/build/index.ts'
import { ensureDatabaseRoles } from '../../../src/dev/database-roles.ts'
import { inheritedEnv } from '../../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../../src/protocol/index.ts'
import { startTcpProxy, throughProxy } from '../../support/tcp-proxy.ts'
import { startRouter } from '../router.ts'
import { type Effects, startEffects } from './effects.ts'
import { keepRunning, type Program } from './keep-running.ts'
import { buildParts, PEPPER, prepareDatabase } from './prepare.ts'
import { type SmallPostgres, startSmallPostgres } from './small-postgres.ts'

export const SUBSCRIBERS = ['record-entry', 'tell-entry'] as const
export const FUNCTIONS = ['keep-entry', ...SUBSCRIBERS] as const
export const RELAYS = ['relay-1', 'relay-2'] as const
export const PARTS = ['gateway', ...RELAYS, ...FUNCTIONS] as const
export type Part = (typeof PARTS)[number]
type Proxy = Awaited<ReturnType<typeof startTcpProxy>>

const START_MS = 1_000
/** As the contracts of these functions say. */
const TIMEOUT_MS = 3_000
/** What a call may take, and for how long a relay may work on what it has leased: it settles within 10 s. */
export const CALL_MS = START_MS + TIMEOUT_MS
export const LEASE_MS = CALL_MS + 10_000
/** Each way to Postgres takes so long, as over a network, so that what stops a part stops it between any two statements. */
const NETWORK_MS = 4
/** What Postgres needs before the first request, and for each. */
const [BASE_BYTES, REQUEST_BYTES] = [320 * 2 ** 20, 24 * 2 ** 10]

export interface Platform {
  readonly folder: string
  readonly url: string
  readonly apiKey: string
  readonly postgres: SmallPostgres
  readonly effects: Effects
  readonly parts: Readonly<Record<Part, Program>>
  /** What connections can be reset at. */
  readonly proxies: Readonly<Record<string, Proxy>>
  readonly close: () => Promise<void>
}

/** Gateway, two relays and three built functions as processes, each behind proxies of the test's own, and a Postgres. */
export async function startPlatform({ requests }: { readonly requests: number }): Promise<Platform> {
  const opened = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'ebb-chaos-'))
    opened.defer(() => rm(folder, { recursive: true, force: true }))
    const postgres = await startSmallPostgres({ bytes: BASE_BYTES + requests * REQUEST_BYTES })
    opened.defer(postgres.close)
    const urls = await ensureDatabaseRoles(postgres.adminUrl, postgres.url)
    const apiKey = await prepareDatabase(postgres.url)
    const effects = await startEffects()
    opened.defer(effects.close)

    const ports = new Map<string, number>()
    const portTo = (name: string) => ({ host: '127.0.0.1', port: ports.get(name) ?? 1 })
    const router = await startRouter((name) => portTo(name).port)
    opened.defer(async () => router.close())
    const openProxy = async (target: () => { host: string; port: number }) => {
      // It is read with each connection: a part has another port after each start.
      const proxy = await startTcpProxy(
        {
          host: '127.0.0.1',
          get port() {
            return target().port
          },
        },
        { slowMs: NETWORK_MS },
      )
      opened.defer(proxy.close)
      return proxy
    }
    const toPostgres = () => ({ host: '127.0.0.1', port: postgres.port })
    const proxies = {
      gateway: await openProxy(() => portTo('gateway')),
      functions: await openProxy(() => ({ host: '127.0.0.1', port: router.port })),
      'postgres of the gateway': await openProxy(toPostgres),
      'postgres of relay-1': await openProxy(toPostgres),
      'postgres of relay-2': await openProxy(toPostgres),
      'postgres of the functions': await openProxy(toPostgres),
    }
    for (const [name, proxy] of Object.entries(proxies)) if (name.startsWith('postgres')) proxy.slow()

    const built = await buildParts(folder, FUNCTIONS)
    const identity = await generateIdentityKeys()
    const common = {
      ...{ ...inheritedEnv(['PATH', 'TMPDIR']), EBB_HOST: '127.0.0.1', PORT: '0', EBB_PARENT: 'stdin' },
      ...{ OTEL_SDK_DISABLED: 'true', NODE_ENV: 'production', EBB_START_TIMEOUT_MS: String(START_MS) },
      ...{ EBB_CONTRACTS: built.contracts, EBB_UPSTREAM_TEMPLATE: `http://127.0.0.1:${proxies.functions.port}/{name}` },
    }
    const start = (name: Part, args: readonly string[], env: Readonly<Record<string, string>>): Program => {
      const onPort = (port: number) => void ports.set(name, port)
      const logFile = join(folder, `${name}.log`)
      const program = keepRunning({ args, env: { ...common, ...env }, logFile, onPort })
      opened.defer(program.close)
      return program
    }
    const startRelay = (name: (typeof RELAYS)[number]) =>
      start(name, ['--import', resolve('test/chaos/acknowledged/shift-clock.ts'), 'services/relay/index.ts'], {
        DATABASE_URL: throughProxy(urls.relay, proxies[`postgres of ${name}`]),
        EBB_IDENTITY_KEY: JSON.stringify(identity.relay),
      })
    const startFunction = (name: (typeof FUNCTIONS)[number]) =>
      start(name, [...NODE_FLAGS, built.functions[name]], {
        ...{ DATABASE_URL: throughProxy(urls.functions, proxies['postgres of the functions']), EBB_POOL_MAX: '20' },
        ...{ EBB_IDENTITY_JWKS: JSON.stringify(identity.jwks) },
        ...{ THIRD_PARTY_URL: effects.url, SMTP_URL: effects.smtpUrl },
      })
    const parts = {
      'keep-entry': startFunction('keep-entry'),
      'record-entry': startFunction('record-entry'),
      'tell-entry': startFunction('tell-entry'),
      gateway: start('gateway', ['services/gateway/index.ts'], {
        DATABASE_URL: throughProxy(urls.gateway, proxies['postgres of the gateway']),
        ...{ EBB_IDENTITY_KEY: JSON.stringify(identity.gateway), EBB_KEY_PEPPER: PEPPER },
        ...{ EBB_ADMIN_KEY: 'admin-key-of-this-test', EBB_ADMIN_PORT: '0' },
      }),
      'relay-1': startRelay('relay-1'),
      'relay-2': startRelay('relay-2'),
    }
    const url = `http://127.0.0.1:${proxies.gateway.port}`
    return { folder, url, apiKey, postgres, effects, parts, proxies, close: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}
