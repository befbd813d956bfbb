import { spawn } from 'node:child_process'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach } from '@jest/globals'
import { createLog, inheritedEnv, overrideConfig, parseConfig } from 'ebb/kernel'
import { generateIdentityKeys } from 'ebb/protocol'
import type { Plan, Route } from '../../src/contract/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { startGateway } from './start-gateway.ts'

export const PEPPER = 'p'.repeat(32)
export const ADMIN_KEY = 'admin-key-of-this-test'
export const ADMIN = { authorization: `Bearer ${ADMIN_KEY}` }

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** So slow that a test sees no refill. */
export const LIMIT = { requests: 20, perSeconds: 72_000, burst: 20 }

/** Endpoints as the bundle would hold them: public ones, one for any caller, an idempotent one for `things:write`, one for bound tokens. */
const CONTRACTS = `
  const LIMIT = ${JSON.stringify(LIMIT)}
  const route = { kind: 'endpoint', summary: '', scopes: [], owner: false, policy: false, anonymous: false, idempotent: false, readOnly: true,
    hasBody: false, maxBodyBytes: 1000, headers: [], timeoutMs: 5000, scale: { max: 1, concurrency: 1 }, secrets: [], emits: [] }
  const write = { scopes: ['things:write'], idempotent: true, readOnly: false, hasBody: true }
  exports.routes = [
    { ...route, name: 'get-public', method: 'GET', path: '/v1/public', anonymous: true },
    { ...route, name: 'put-public', method: 'PUT', path: '/v1/public', anonymous: true, hasBody: true, maxBodyBytes: 1048576 },
    { ...route, name: 'get-thing', method: 'GET', path: '/v1/things' },
    { ...route, name: 'get-limited', method: 'GET', path: '/v1/limited', anonymous: true, limit: LIMIT,
      scale: { max: 1, concurrency: LIMIT.burst } },
    { ...route, ...write, name: 'create-thing', method: 'POST', path: '/v1/things' },
    { ...route, name: 'open-socket', method: 'GET', path: '/v1/socket', anonymous: true, timeoutMs: 300000,
      upgrade: { maxSeconds: 300, idleSeconds: 60, maxMessageBytes: 65536 } },
    { ...route, name: 'get-bound', method: 'GET', path: '/v1/bound', dpop: true },
  ]
  exports.subscriptions = [{ kind: 'subscriber', name: 'send-welcome', on: 'user.created', scale: route.scale }]
  exports.openapi = { openapi: '3.1.0' }
  exports.routes.push(...MORE.map((more) => ({ ...route, ...more })))
  exports.validate = () => ({ ok: true, input: {} })
  exports.validateEvent = (_consumer, data) => ({ ok: true, data })`

export async function listenForTest(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

interface ContractOptions {
  readonly plans?: Readonly<Record<string, Plan>>
  /** Endpoints besides those above, which read unless they say otherwise. */
  readonly routes?: readonly Partial<Route>[]
}

/** The settings of a gateway on free ports, in front of `upstream`, and the keys with which a function would verify. */
export async function gatewaySettings(
  databaseUrl: string,
  upstream: RequestListener,
  { plans = {}, routes = [] }: ContractOptions = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-gateway-'))
  closers.push(() => rm(folder, { recursive: true }))
  let version = 0
  const writeContracts = async (plans: Readonly<Record<string, Plan>>) => {
    const name = `contracts-${++version}.cjs`
    const more = `const MORE = ${JSON.stringify(routes)}`
    await writeFile(join(folder, name), `${more}${CONTRACTS}\n  exports.plans = ${JSON.stringify(plans)}`)
    await writeFile(join(folder, 'next'), name)
    await rename(join(folder, 'next'), join(folder, 'contracts'))
  }
  await writeContracts(plans)
  const server = createServer(upstream)
  closers.push(async () => server.closeAllConnections())
  const port = await listenForTest(server)
  const { gateway, jwks } = await generateIdentityKeys()
  const env = {
    ...{
      PORT: '0',
      EBB_HOST: '127.0.0.1',
      DATABASE_URL: databaseUrlFor('gateway', databaseUrl),
      EBB_CONTRACTS: join(folder, 'contracts'),
    },
    ...{ EBB_UPSTREAM_TEMPLATE: `http://127.0.0.1:${port}/{name}`, EBB_IDENTITY_KEY: JSON.stringify(gateway) },
    ...{ EBB_KEY_PEPPER: PEPPER, EBB_ADMIN_KEY: ADMIN_KEY },
  }
  return { env, jwks, writeContracts }
}

/**
 * A gateway in this process, and the messages that it has logged; `heard` resolves when its channel to the database is
 * up for the first time.
 */
export async function startTestGateway(env: Readonly<Record<string, string>>, { drainMs = 0 } = {}) {
  const heard = Promise.withResolvers<void>()
  const log = createLog({ level: 'silent' })
  const messages: string[] = []
  const keep = (first: unknown, second?: string) => {
    const message = typeof first === 'string' ? first : (second ?? '')
    messages.push(message)
    if (message === 'the database channel is up') heard.resolve()
  }
  Object.assign(log, { info: keep, warn: keep, error: keep })
  const opened = await startGateway(overrideConfig(parseConfig(env), { EBB_DRAIN_MS: drainMs }), { log })
  const { port, httpPort, adminPort } = opened
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= opened.stop())
  closers.push(stop)
  return {
    url: `http://127.0.0.1:${port}`,
    admin: `http://127.0.0.1:${adminPort}`,
    heard: heard.promise,
    ...{ messages, stop, httpPort },
  }
}

/** A gateway as a process of its own: its lines as they come, and how it ends. */
export function spawnGateway(env: Readonly<Record<string, string>>, nodeArgs = ['services/gateway/index.ts']) {
  const child = spawn(process.execPath, nodeArgs, {
    env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), ...env },
  })
  closers.push(async () => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const listening = Promise.withResolvers<{ port: number; adminPort: number }>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text)
    if (line.msg === 'listening') listening.resolve(line)
  })
  const exited = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, errors }))
  })
  return { child, listening: listening.promise, exited }
}

/** Stands between a gateway and Postgres, and can be cut. */
export async function startCuttableProxy(databaseUrl: string) {
  const { port, hostname } = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let open = true
  const server = createTcpServer((near) => {
    if (!open) return near.destroy()
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.pipe(far).on('close', () => near.destroy())
    far.pipe(near).on('close', () => far.destroy())
  })
  const cut = () => {
    open = false
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  closers.push(async () => cut())
  const near = new URL(databaseUrl)
  near.host = `127.0.0.1:${await listenForTest(server)}`
  return {
    url: near.href,
    cut,
    mend: () => {
      open = true
    },
  }
}

/** Requests until the response has this status, as an operator would, for a minute at most. */
export async function untilStatus(status: number, ask: () => Promise<Response>): Promise<Response> {
  const until = Date.now() + 60_000
  for (;;) {
    const answer = await ask()
    if (answer.status === status) return answer
    if (Date.now() > until) throw new Error(`still ${answer.status} instead of ${status}: ${await answer.text()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
