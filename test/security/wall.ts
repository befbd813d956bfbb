import { type ChildProcess, spawn } from 'node:child_process'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Access } from 'ebb/contract'
import { createLog, inheritedEnv, parseConfig } from 'ebb/kernel'
import { createIdentityVerifier, generateIdentityKeys, type IdentityKeys } from 'ebb/protocol'
import { bundleContracts, replacePointer } from '../../src/build/bundle-contracts.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { findFunctions } from '../../src/deploy/load-contracts.ts'
import { createApp, type Implementation, openResources } from '../../src/http/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { serveApps } from '../support/serve-apps.ts'

const PEPPER = 'p'.repeat(32)
export const ADMIN_KEY = 'admin-key-of-this-test'
const log = createLog({ level: 'silent' })

export interface WallOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Of the functions; default: domain/policy of the project. */
  readonly policyFolder?: string
  /** What is wrong on purpose, by the function's name. */
  readonly holes?: Readonly<Record<string, Hole>>
}

/** What is read instead of a contract's `access` and `limit`, and a handler in the place of the function's own. */
export interface Hole {
  readonly access?: Access
  readonly limit?: { readonly requests: number; readonly perSeconds: number; readonly burst: number }
  readonly handle?: (input: never, context: never) => Promise<unknown>
}

/** A request as a function got it: its name, and all that came before the body. */
export interface Received {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
}

/**
 * A project behind a real gateway: that as a process of its own, before the project's functions, all on one server of this
 * process, which notes what reaches them.
 */
export async function startWall(
  project: string,
  databaseUrl: string,
  { env = {}, policyFolder = join(project, 'domain/policy'), holes = {} }: WallOptions = {},
) {
  await using started = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-wall-'))
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const bundle = await bundleContracts(project, folder, { version: '1' })
  await appendFile(bundle.file, routesWith(holes))
  await replacePointer(join(folder, 'contracts'), bundle)
  const { gateway: key, jwks } = await generateIdentityKeys()
  const functions = await serveFunctions(project, { databaseUrl, folder, policyFolder, jwks, holes })
  started.defer(functions.close)
  const child = spawn(process.execPath, ['services/gateway/index.ts'], {
    env: {
      ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']),
      ...{ PORT: '0', EBB_ADMIN_PORT: '0', EBB_HOST: '127.0.0.1', LOG_LEVEL: 'info' },
      ...{ EBB_CONTRACTS: join(folder, 'contracts'), EBB_UPSTREAM_TEMPLATE: `${functions.url}/{name}` },
      ...{ DATABASE_URL: databaseUrlFor('gateway', databaseUrl), EBB_IDENTITY_KEY: JSON.stringify(key) },
      ...{
        EBB_KEY_PEPPER: PEPPER,
        EBB_ADMIN_KEY: ADMIN_KEY,
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_METRICS_EXPORTER: 'none',
      },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.defer(() => endProcess(child))
  const { port, adminPort, lines } = await untilListening(child)
  const pool = createPool(databaseUrlFor('owner', databaseUrl), { max: 4, log })
  started.defer(() => pool.end())
  const all = started.move()
  return {
    ...{ port, url: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${adminPort}`, pool, lines },
    ...{ received: functions.received, functionsUrl: functions.url },
    keyOf: async (subject: string, scopes: readonly string[]) =>
      (await createKey(pool, PEPPER, { subject, scopes: [...scopes], actor: 'test' })).token,
    close: () => all.disposeAsync(),
  }
}

export type Wall = Awaited<ReturnType<typeof startWall>>

interface FunctionsOptions {
  readonly databaseUrl: string
  readonly folder: string
  readonly policyFolder: string
  readonly jwks: IdentityKeys['jwks']
  readonly holes: Readonly<Record<string, Hole>>
}

/** Lets a bundle of contracts say what the holes do. */
const routesWith = (holes: Readonly<Record<string, Hole>>) =>
  Object.entries(holes)
    .map(([name, { access, limit }]) => {
      const parts = JSON.stringify({
        ...(access ? { scopes: [], owner: false, anonymous: false, ...access } : {}),
        ...(limit ? { limit } : {}),
      })
      return `\nObject.assign(module.exports.routes.find((route) => route.name === '${name}'), ${parts})`
    })
    .join('')

async function serveFunctions(project: string, { databaseUrl, folder, policyFolder, jwks, holes }: FunctionsOptions) {
  const received: Received[] = []
  const config = parseConfig({ DATABASE_URL: databaseUrl, EBB_MAIL_FOLDER: folder, EBB_POLICY_FOLDER: policyFolder })
  const closers: (() => Promise<unknown>)[] = []
  const apps = new Map<string, RequestListener>()
  for (const name of await findFunctions(project)) {
    const { default: own }: { default: Implementation } = await import(join(project, 'functions', name, 'handler.ts'))
    const fn = dig(own, holes[name])
    const resources = openResources(fn.uses, config, log, fn.contract)
    closers.push(resources.close)
    const app = createApp(fn, { resources, log, verify: createIdentityVerifier(jwks, name), revision: 'r1' })
    apps.set(name, (request, response) => {
      const { method = '', url = '', rawHeaders } = request
      received.push({ name, method, url, rawHeaders })
      app(request, response)
    })
  }
  const { url, close } = await serveApps(apps)
  closers.push(async () => close())
  return { url, received, close: async () => void (await Promise.all(closers.map((one) => one()))) }
}

/** The function with a hole in it. */
function dig(fn: Implementation, { access = undefined, handle = undefined }: Hole = {}): Implementation {
  const contract = access ? ({ ...fn.contract, access } as Implementation['contract']) : fn.contract
  return { ...fn, contract, ...(handle ? { handle: handle as Implementation['handle'] } : {}) }
}

interface Listening {
  readonly port: number
  readonly adminPort: number
  readonly lines: readonly string[]
}

function untilListening(child: ChildProcess): Promise<Listening> {
  const { promise, resolve, reject } = Promise.withResolvers<Listening>()
  const lines: string[] = []
  // Asked for by `stdio`.
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(line)
    if (line.includes('"msg":"listening"')) resolve({ ...JSON.parse(line), lines })
  })
  child.once('exit', () => reject(new Error(`the gateway ended\n${lines.join('\n')}`)))
  return promise
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
