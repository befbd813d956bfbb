import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Implementation } from 'ebb/http'
import { createLog, inheritedEnv, parseConfig } from 'ebb/kernel'
import { createIdentityVerifier, type IdentityKeys } from 'ebb/protocol'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { createApp, openResources } from '../../src/http/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { serveApps } from '../support/serve-apps.ts'
import { followOutput } from './follow-output.ts'
import { CONTRACTS, hearNote, keepNote } from './notes.ts'

const PEPPER = 'p'.repeat(32)
const log = createLog({ level: 'silent' })
/** What the functions believe: whose keys, and what time it is. */
export interface TrustedKeys {
  readonly jwks: IdentityKeys['jwks']
  readonly aheadMs?: number
}

/** Two real functions over HTTP, and gateways and relays as processes, each with the key that it is given. */
export async function startSignedPlatform(databaseUrl: string, first: TrustedKeys) {
  const opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-signed-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const pool = createPool(databaseUrl, { max: 3, log })
  opened.defer(() => pool.end())
  await pool.query('create table notes (text text not null); create table heard (text text not null)')
  await writeFile(join(folder, 'contracts-1.cjs'), CONTRACTS)
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  const functions = await startFunctions(databaseUrlFor('functions', databaseUrl), first)
  opened.defer(functions.close)
  const env = {
    ...{ EBB_HOST: '127.0.0.1', EBB_UPSTREAM_TEMPLATE: `${functions.url}/{name}` },
    ...{ EBB_CONTRACTS: join(folder, 'contracts'), EBB_POOL_MAX: '5', EBB_START_TIMEOUT_MS: '1000' },
    ...{ PORT: '0', EBB_KEY_PEPPER: PEPPER, EBB_ADMIN_KEY: 'admin-key-of-this-test' },
  }
  const start = async (part: 'gateway' | 'relay', key: IdentityKeys['gateway']) => {
    const child = spawn(process.execPath, [`services/${part}/index.ts`], {
      env: {
        ...{ ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), ...env, DATABASE_URL: databaseUrlFor(part, databaseUrl) },
        EBB_IDENTITY_KEY: JSON.stringify(key),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    opened.defer(() => void child.kill('SIGKILL'))
    return followOutput(child, part === 'gateway' ? 'listening' : 'relay ready')
  }
  const { token: apiKey } = await createKey(pool, PEPPER, { subject: 'ann', scopes: [], actor: 'test' })
  return {
    ...{ pool, apiKey, believe: functions.believe, close: () => opened.disposeAsync() },
    startGateway: async (key: IdentityKeys['gateway']) => {
      const { ready, ...gateway } = await start('gateway', key)
      return { ...gateway, url: `http://127.0.0.1:${ready.port}/v1/notes` }
    },
    startRelay: (key: IdentityKeys['relay']) => start('relay', key),
  }
}

async function startFunctions(databaseUrl: string, first: TrustedKeys) {
  const functions = [keepNote, hearNote].map((fn) => {
    // Any handler is called with what its own contract describes; createApp sees to that.
    const implementation = fn as unknown as Implementation
    return {
      implementation,
      name: fn.contract.name,
      resources: openResources(fn.uses, parseConfig({ DATABASE_URL: databaseUrl }), log),
    }
  })
  const verifiers = new Map<string, ReturnType<typeof createIdentityVerifier>>()
  const believe = ({ jwks, aheadMs = 0 }: TrustedKeys) => {
    for (const { name } of functions)
      verifiers.set(name, createIdentityVerifier(jwks, name, { now: () => Date.now() + aheadMs }))
  }
  believe(first)
  const apps = new Map(
    functions.map(({ implementation, name, resources }) => {
      const verify = (token: string) => verifiers.get(name)?.(token) ?? Promise.reject(new Error('no key is trusted'))
      return [name as string, createApp(implementation, { resources, log, verify, revision: 'r1' })]
    }),
  )
  const server = await serveApps(apps)
  const close = async () => {
    server.close()
    await Promise.all(functions.map(({ resources }) => resources.close()))
  }
  return { url: server.url, believe, close }
}
