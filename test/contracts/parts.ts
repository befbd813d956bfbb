import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { postgres } from 'ebb/data'
import type { Implementation } from 'ebb/http'
import { createGatewayServer, type GatewayDependencies } from 'ebb/http/gateway'
import { createLog, parseConfig } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import pg from 'pg'
import { Agent } from 'undici'
import type { AnyContract, ContractSet } from '../../src/contract/index.ts'
import { openapi } from '../../src/deploy/index.ts'
import { NO_INVOCATIONS } from '../../src/http/gateway/test-support-invocations.ts'
import { createApp, openResources } from '../../src/http/index.ts'

/** What serves at the moment: both are put in the place of those before, as a save on a laptop does. */
interface Deployment {
  readonly set: ContractSet
  /** By name. */
  readonly functions: Readonly<Record<string, Implementation>>
}

/**
 * A gateway and functions behind it, each over HTTP, on a database of their own. Functions believe any identity.
 * To be called where tests are declared.
 */
export function startParts() {
  let close = async () => {}
  // Hooks run in the order in which they are declared: everything lets go of the database before it is dropped.
  afterAll(() => close())
  const database = testDatabase()
  const pool = new pg.Pool({ connectionString: database.ownerUrl, max: 1 })
  const log = createLog({ level: 'silent' })
  const dispatcher = new Agent()
  const resources = openResources({ sql: postgres }, parseConfig({ DATABASE_URL: database.url }), log)
  let set: ContractSet
  let apps: Readonly<Record<string, RequestListener>> = {}
  const verify = (sub: string) => ({ sub, scopes: [], iss: sub === 'relay' ? 'ebb:relay' : 'ebb:gateway' }) as const
  const functions = createServer((request, response) => {
    const [, name = '', rest = '/'] = /^\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? []
    request.url = rest
    apps[name]?.(request, response)
  })
  const ports = (origin: string): GatewayDependencies => ({
    ...{
      log,
      corsOrigins: [],
      contracts: () => set,
      authenticate: { key: async () => undefined },
      docs: async () => undefined,
    },
    findStoredResponse: async () => ({ status: 'new' }),
    invocations: NO_INVOCATIONS,
    limiter: () => ({ allowed: true, rates: [], release: () => {}, undo: () => {} }),
    sign: async ({ sub }) => sub,
    ready: async () => true,
    upstream: { dispatcher, locate: (name) => ({ origin, prefix: `/${name}` }), startTimeoutMs: 60_000 },
    metrics: { judged: () => {}, shortCircuited: () => {}, shed: () => {}, refused: () => {}, completed: () => {} },
  })
  const urls = { functions: '', gateway: '' }
  const servers: Server[] = [functions]

  beforeAll(async () => {
    urls.functions = await listen(functions)
    const gateway = createGatewayServer(ports(urls.functions))
    servers.push(gateway)
    urls.gateway = await listen(gateway)
    close = async () => {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
      await Promise.all([dispatcher.destroy(), resources.close(), pool.end()])
    }
  })
  return {
    urls,
    serve: (serving: Deployment) => {
      set = serving.set
      const made = Object.entries(serving.functions).map(([name, fn]) => [
        name,
        createApp(fn, { resources, log, verify }),
      ])
      apps = Object.fromEntries(made)
    },
    /** Asks a function without the gateway. */
    ask: async (name: string, init: RequestInit & { readonly headers?: Readonly<Record<string, string>> }) => {
      const headers = { 'content-type': 'application/json', 'ebb-identity': 'ann', ...init.headers }
      const response = await fetch(`${urls.functions}/${name}`, { method: 'POST', ...init, headers })
      await response.arrayBuffer()
      return response.status
    },
    /** Takes the data of all events out of the outbox, as the text that a relay sends. */
    takeEvents: async (): Promise<readonly string[]> => {
      const { rows } = await pool.query<{ data: string }>('delete from ebb.outbox returning payload::text as data')
      return rows.map(({ data }) => data)
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What the published document says of a value: by ajv, which knows nothing of us. */
export type AcceptsValue = (value: unknown) => boolean

/** Reads the document as a client's tool does; formats are hints there (JSON Schema 2020-12 validation, 7.2.1). */
export function documented(contracts: readonly AnyContract[]) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const document = openapi(contracts, { version: '1' })
  ajv.addSchema(document, 'document')
  return {
    /** What stands at a place of the document. */
    find: (...path: readonly string[]): unknown => path.reduce<unknown>((part, name) => Object(part)[name], document),
    /** The schema at a place of the document. */
    at: (...path: readonly string[]): AcceptsValue => {
      const pointer = path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
      return ajv.compile({ $ref: `document#/${pointer}` }) as AcceptsValue
    },
  }
}

/** A machine that is busy may answer 503 or 504, which says nothing about the value: nothing was done. */
export async function retryWhileBusy<Answer extends { readonly status?: number }>(
  call: () => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const answer = await call()
    if (answer.status !== 503 && answer.status !== 504) return answer
  }
}
