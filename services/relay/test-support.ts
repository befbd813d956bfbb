import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from '@jest/globals'
import { type Log, parseConfig } from 'ebb/kernel'
import { generateIdentityKeys } from 'ebb/protocol'
import type { Route, Subscription } from '../../src/contract/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { untilTrue } from '../../test/support/until.ts'
import type { PollLoopOptions } from './poll-loop.ts'
import { startRelay } from './start-relay.ts'

const AN_HOUR_MS = 3_600_000
const folder = mkdtempSync(join(tmpdir(), 'ebb-relay-test-'))
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Has something closed after the test, the newest first. */
export const closeLater = (close: () => unknown) => closers.push(close)

export const keys = generateIdentityKeys()

export interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Responds to the request number `count`. */
export type Respond = (response: ServerResponse, count: number, received: Received) => void

/** A function's HTTP server, which remembers what it receives; default: it answers 204. */
export async function startSubscriber(answer: Respond = (response) => response.writeHead(204).end()) {
  const received: Received[] = []
  const http = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const one = { url: request.url ?? '', headers: request.headers, body }
    received.push(one)
    answer(response, received.length, one)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  closeLater(() => {
    http.closeAllConnections()
    http.close()
  })
  // An http server that listens on a port has this kind of address.
  const { port } = http.address() as AddressInfo
  return { received, template: `http://127.0.0.1:${port}/{name}` }
}

export const subscription = (name: string, parts: Partial<Subscription> = {}): Subscription => ({
  kind: 'subscriber',
  name,
  summary: 'A test.',
  on: 'user.created',
  retry: { attempts: 3, minDelayMs: 20, maxDelayMs: 40 },
  timeoutMs: 5_000,
  scale: { max: 10, concurrency: 50 },
  secrets: [],
  emits: [],
  ...parts,
})

/** The environment of a relay. */
export async function relayEnv(
  databaseUrl: string,
  template: string,
  subscriptions: readonly Subscription[],
  routes: readonly Partial<Route>[] = [],
) {
  const { relay } = await keys
  return {
    DATABASE_URL: databaseUrlFor('relay', databaseUrl),
    EBB_CONTRACTS: await writeContracts(subscriptions, routes),
    EBB_UPSTREAM_TEMPLATE: template,
    EBB_IDENTITY_KEY: JSON.stringify(relay),
    EBB_START_TIMEOUT_MS: '100',
  }
}

async function writeContracts(
  subscriptions: readonly Subscription[],
  routes: readonly Partial<Route>[],
): Promise<string> {
  const bundle = `exports.routes = ${JSON.stringify(routes)}; exports.validate = exports.validateEvent = () => {}; exports.subscriptions = ${JSON.stringify(subscriptions)}`
  await writeFile(join(folder, 'contracts-1.cjs'), bundle)
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  return join(folder, 'contracts')
}

/** A relay that sleeps for an hour unless something wakes it, so that no test passes thanks to the poll. */
export async function startTestRelay(
  databaseUrl: string,
  template: string,
  {
    subscriptions,
    routes = [],
    env: more = {},
    ...options
  }: PollLoopOptions & {
    readonly env?: Readonly<Record<string, string>>
    readonly subscriptions: readonly Subscription[]
    readonly routes?: readonly Partial<Route>[]
  },
) {
  const log = memoryLog()
  const env = await relayEnv(databaseUrl, template, subscriptions, routes)
  const config = parseConfig({ ...env, EBB_HOST: '127.0.0.1', EBB_ADMIN_PORT: '0', ...more })
  const { adminPort, brokerPort, stop } = await startRelay(config, { pollMs: AN_HOUR_MS, drainMs: 50, ...options, log })
  closeLater(stop)
  await until('the relay listens', () => log.count('relay ready') + log.count('the database channel is up') === 2)
  return { log, stop, admin: `http://127.0.0.1:${adminPort}`, brokerUrl: `http://127.0.0.1:${brokerPort}` }
}

export type Line = Readonly<Record<string, unknown>> & { readonly msg: string }

/** A log that keeps its lines. */
export function memoryLog() {
  const lines: Line[] = []
  const write = (fields: object, msg: string) => lines.push({ ...fields, msg })
  const log = { info: write, warn: write, error: write, debug: write, fatal: write, child: () => memoryLog() }
  return {
    // Only the calls with an object and a message, which are all that Ebb makes.
    ...(log as unknown as Log),
    lines: () => lines,
    linesOf: (msg: string) => lines.filter((line) => line.msg === msg),
    deliveries: () => lines.filter(({ msg }) => msg === 'delivery'),
    count: (msg: string) => lines.filter((line) => line.msg === msg).length,
  }
}

export const until = (what: string, holds: () => boolean | Promise<boolean>) => untilTrue(holds, { what })
