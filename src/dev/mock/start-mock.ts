import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { type AnyContract, contractSet, isFunction, type Route } from '../../contract/index.ts'
import { asyncapi, openapi } from '../../deploy/index.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { type Authenticated, createGatewayServer, type GatewayDependencies } from '../../http/gateway/index.ts'
import { createLog } from '../../kernel/index.ts'
import { callerIdOf } from '../../protocol/index.ts'
import { createFaultInjection, type FaultInjectionOptions } from './fault-injection.ts'
import { createMockFunctions } from './mock-functions.ts'
import { createMockResponder } from './mock-responder.ts'
import { createMockInvocations, createResponseStore, type ResponseStore } from './response-store.ts'

/** What a mock server is started with. */
export interface MockOptions extends FaultInjectionOptions {
  /** 0: any free port. */
  readonly port: number
  readonly seed: string
  /** Called with the gateway's log line of each request. */
  readonly onRequest?: (line: Readonly<Record<string, unknown>>) => void
}

/** A running mock. */
interface RunningMock {
  readonly url: string
  readonly endpoints: number
  stop(): Promise<void>
}

/**
 * Serves all endpoints of the contracts without their functions. The real gateway stands in front, so that bad requests get
 * their real responses; any key is accepted, and has all scopes and a tenant.
 */
export async function startMock(
  given: Readonly<Record<string, AnyContract>>,
  options: MockOptions,
): Promise<RunningMock> {
  const { port, seed } = options
  // What the services behind proxies answer, no contract says.
  const contracts = Object.fromEntries(Object.entries(given).filter(([, contract]) => isFunction(contract)))
  const all = Object.values(contracts)
  const documents = { asyncapi: asyncapi(all, { version: '1' }) }
  const set = { ...contractSet(contracts, openapi(all, { version: '1' })), ...documents }
  const endpoints = Object.values(contracts)
    .filter((contract) => contract.kind === 'endpoint')
    .filter(({ access }) => !access.internal)
  const responders = new Map(endpoints.map((contract) => [contract.name, createMockResponder(contract, { seed })]))
  const stored = createResponseStore()
  const faults = createFaultInjection(options, createRandom(seed))
  const named = (endpoint: string) => set.routes.find(({ name }) => name === endpoint) ?? { headers: [] }
  const isStreamed = (endpoint: string) => set.routes.find(({ name }) => name === endpoint)?.bodyStream !== undefined
  const functions = createMockFunctions({ responders, faults, stored, named, isStreamed })
  const dispatcher = new Agent()
  const origin = `http://127.0.0.1:${await listen(functions, 0)}`
  const gateway = createGatewayServer({
    ...gatewayDefaults(stored, options),
    contracts: () => set,
    authenticate: { key: (key) => authenticateAnyone(key, set.routes) },
    askAuthorizer: async (_authorizer, { headers }) => {
      const { caller } = authenticateAnyone(JSON.stringify(headers), set.routes)
      return { judgement: { allow: true, caller }, call: { cold: false, revision: undefined } }
    },
    invocations: createMockInvocations(responders, stored),
    upstream: { dispatcher, locate: (name) => ({ origin, prefix: `/${name}` }), startTimeoutMs: 30_000 },
  })
  // The gateway drops headers named ebb-…, so this one goes on as Prefer, which browsers may send.
  gateway.prependListener('request', ({ headers, rawHeaders }) => {
    const failure = headers['ebb-mock-failure']
    if (typeof failure === 'string') rawHeaders.push('Prefer', `failure="${failure.replaceAll(/["\\]/g, '')}"`)
  })
  const stop = async () => {
    await Promise.all([close(gateway), close(functions), dispatcher.destroy()])
  }
  try {
    return { url: `http://localhost:${await listen(gateway, port)}`, endpoints: endpoints.length, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The gateway's dependencies, without stores behind them. */
function gatewayDefaults(stored: ResponseStore, { onRequest }: MockOptions) {
  const log = createLog({ level: 'silent' })
  if (onRequest) Object.assign(log, { info: onRequest })
  return {
    log,
    findStoredResponse: async (claim) => stored.find(claim),
    limiter: ({ rates }) => ({
      ...{ allowed: true, release: () => {}, undo: () => {} },
      rates: rates.map(({ limit }) => ({ allowed: true, remaining: limit.burst, waitSeconds: 1 })),
    }),
    docs: async () => undefined,
    corsOrigins: ['*'],
    sign: async (caller) => encodeURIComponent(callerIdOf(caller)),
    ready: async () => true,
    metrics: { judged: () => {}, shortCircuited: () => {}, shed: () => {}, refused: () => {}, completed: () => {} },
  } satisfies Partial<GatewayDependencies>
}

/** A subject for a caller that does not reveal its key. */
/** Any key is good for everything, and each is another caller's. */
const authenticateAnyone = (key: string, routes: readonly Route[]): Authenticated => ({
  caller: { sub: hashOf(key), tenant: 'mock', scopes: routes.flatMap(({ scopes }) => scopes) },
  credential: { kind: 'key', id: hashOf(key) },
})

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex').slice(0, 12)

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address.
  return (server.address() as AddressInfo).port
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
