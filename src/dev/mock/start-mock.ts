import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { type AnyContract, contractSet } from '../../contract/index.ts'
import { openapi } from '../../deploy/index.ts'
import { createGatewayServer, type GatewayPorts } from '../../http/gateway/index.ts'
import { createLog } from '../../kernel/index.ts'
import { createRandom } from '../sample/random.ts'
import { type KeptAnswers, keptAnswers } from './kept-answers.ts'
import { mockAnswers } from './mock-answers.ts'
import { createMockFunctions } from './mock-functions.ts'
import { mockInvocations } from './mock-invocations.ts'
import { createTrouble, type TroubleOptions } from './trouble.ts'

export interface MockOptions extends TroubleOptions {
  /** 0 is any free one. */
  readonly port: number
  readonly seed: string
  /** Told of each request that was answered: a log line of the gateway's. */
  readonly onRequest?: (line: Readonly<Record<string, unknown>>) => void
}

/** A mock that runs. */
export interface Mock {
  readonly url: string
  readonly endpoints: number
  stop(): Promise<void>
}

/**
 * Serves all endpoints of the contracts without their functions. The real gateway stands in front, so that bad requests
 * get the answers that they will get; any key is good, and may do everything.
 */
export async function startMock(contracts: Readonly<Record<string, AnyContract>>, options: MockOptions): Promise<Mock> {
  const { port, seed } = options
  const set = contractSet(contracts, openapi(Object.values(contracts), { version: '1' }))
  const endpoints = Object.values(contracts).filter((contract) => contract.kind === 'endpoint')
  const answers = new Map(endpoints.map((contract) => [contract.name, mockAnswers(contract, { seed })]))
  const kept = keptAnswers()
  const trouble = createTrouble(options, createRandom(seed))
  const named = (endpoint: string) => set.routes.find(({ name }) => name === endpoint)?.headers ?? []
  const functions = createMockFunctions({ answers, trouble, kept, named })
  const dispatcher = new Agent()
  const origin = `http://127.0.0.1:${await listen(functions, 0)}`
  const gateway = createGatewayServer({
    ...basics(kept, options),
    contracts: () => set,
    findKey: async (token) => ({ sub: hashOf(token), scopes: set.routes.flatMap(({ scopes }) => scopes) }),
    invocations: mockInvocations(answers, kept),
    upstream: { dispatcher, locate: (name) => ({ origin, prefix: `/${name}` }), startTimeoutMs: 30_000 },
  })
  // The gateway lets nothing through that is called ebb-…, and browsers may send a Prefer.
  gateway.prependListener('request', ({ headers, rawHeaders }) => {
    const failure = headers['ebb-mock-failure']
    if (typeof failure === 'string') rawHeaders.push('Prefer', `failure="${failure.replaceAll(/["\\]/g, '')}"`)
  })
  const stop = async () => {
    await Promise.all([close(gateway), close(functions), dispatcher.destroy()])
  }
  try {
    return { url: `http://localhost:${await listen(gateway, port)}`, endpoints: endpoints.length, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

/** What a gateway asks of the world, where there is none. */
function basics(kept: KeptAnswers, { onRequest }: MockOptions) {
  const log = createLog({ level: 'silent' })
  if (onRequest) Object.assign(log, { info: onRequest })
  return {
    log,
    findAnswer: async (claim) => kept.find(claim),
    limiter: (_key, { burst }) => ({ allowed: true, remaining: burst, waitSeconds: 1 }),
    docs: async () => undefined,
    corsOrigins: ['*'],
    sign: async ({ sub }) => sub,
    ready: async () => true,
    metrics: { spared: () => {}, shed: () => {}, answered: () => {} },
  } satisfies Partial<GatewayPorts>
}

/** A caller's name that shows nothing of its key. */
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
