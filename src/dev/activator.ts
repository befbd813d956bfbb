import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Agent, type Dispatcher } from 'undici'
import { Problem, problemJson } from '../contract/index.ts'
import { acceptUpgrades, upgradeOf } from '../http/accept-upgrades.ts'
import { MAX_FUNCTION_HEADER_BYTES } from '../http/header-limits.ts'
import { ConfigError } from '../kernel/index.ts'
import type { ContractDifferences } from '../protocol/admin/contracts.ts'
import { correlate } from '../telemetry/index.ts'
import type { Functions } from './functions.ts'
import type { Guide } from './guide/create-guide.ts'
import { passUpgrade } from './pass-upgrade.ts'

/** The path at which gateway and relay read the status of all functions. */
export const STATUS_PATH = '/_/functions'
/** The path at which the gateway reads the keys of the laptop's OpenID provider. */
export const KEYS_PATH = '/_/provider-keys'
/** The path below which the relay reaches the gateway, whose port may not be known yet when the relay starts. */
export const GATEWAY_PATH = '/_/gateway'
/** The path at which the gateway reads what the contracts change compared with a commit. */
export const DIFFERENCES_PATH = '/_/differences'
/** The path below which the gateway reads the guide. */
export const GUIDE_PATH = '/_/guide'

type ActivatorFunctions = Pick<Functions, 'pool' | 'statuses'> & {
  /** Resolves when every save so far is served: a request sent after a save is meant for what was saved. */
  settled(): Promise<void>
  readonly guide: Guide
  /** The address of the gateway; undefined until it listens. */
  readonly gateway?: () => string | undefined
  /** What the contracts change compared with a commit. */
  readonly differences: (ref: string) => Promise<ContractDifferences>
  /** The keys that verify tokens of the laptop's OpenID provider; none where there is no provider. */
  readonly publicKeys?: (() => Promise<object>) | undefined
}

/**
 * Stands between gateway or relay and the functions, as Knative's activator does: it forwards `/{name}/…` to an instance of
 * that function, and holds the request while it starts one if there is none.
 */
export function createActivator(functions: ActivatorFunctions): Server {
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 4_000 })
  const server = createServer({ requestTimeout: 0, maxHeaderSize: MAX_FUNCTION_HEADER_BYTES }, (request, response) => {
    if (request.url === STATUS_PATH) return void response.end(JSON.stringify(functions.statuses()))
    const handled =
      request.url === KEYS_PATH
        ? sendKeys(response, functions)
        : request.url?.startsWith(GUIDE_PATH)
          ? sendGuide(request.url.slice(GUIDE_PATH.length), response, functions.guide)
          : request.url?.startsWith(GATEWAY_PATH)
            ? sendOn(request, response, { agent, to: functions.gateway?.() })
            : request.url?.startsWith(DIFFERENCES_PATH)
              ? sendDifferences(request.url, response, functions)
              : handle(request, response, { functions, agent })
    handled.catch((error) => sendProblem(request, response, error))
  })
  acceptUpgrades(server)
  return server.on('close', () => void agent.close())
}

async function sendKeys(response: ServerResponse, { publicKeys }: Pick<ActivatorFunctions, 'publicKeys'>) {
  const keys = (await publicKeys?.()) ?? { keys: [] }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(keys))
}

async function sendGuide(path: string, response: ServerResponse, guide: Guide) {
  const file = await guide(path)
  if (!file) throw new Problem('not_found', 404, `The guide has no page ${path}.`)
  response.writeHead(200, { 'content-type': file.type }).end(file.body)
}

/** Passes a request on to the gateway, as callers would send it. */
async function sendOn(
  request: IncomingMessage,
  response: ServerResponse,
  { agent, to }: { readonly agent: Dispatcher; readonly to: string | undefined },
) {
  if (to === undefined)
    throw new Problem('unavailable', 503, 'The gateway does not listen yet.', { retryAfterSeconds: 1 })
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  const path = request.url?.slice(GATEWAY_PATH.length) || '/'
  await forward(request, response, { agent, port: Number(new URL(to).port), path, signal: closed.signal })
}

async function sendDifferences(
  url: string,
  response: ServerResponse,
  { differences }: Pick<ActivatorFunctions, 'differences'>,
) {
  const ref = new URL(url, 'http://runner').searchParams.get('ref') ?? 'HEAD'
  try {
    response.end(JSON.stringify(await differences(ref)))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    response.writeHead(422).end(error.message)
  }
}

/** The longest timeout that a contract may declare. */
const MAX_TIMEOUT_MS = 600_000

interface ActivatorContext {
  readonly functions: Pick<ActivatorFunctions, 'pool' | 'settled'>
  readonly agent: Dispatcher
}

async function handle(request: IncomingMessage, response: ServerResponse, { functions, agent }: ActivatorContext) {
  const [, name = '', path = '/'] = /^\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? []
  await functions.settled()
  const pool = functions.pool(name)
  if (!pool) throw new Problem('not_found', 404, `There is no function ${name}.`)
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  const timeoutMs = Number(request.headers['ebb-timeout-ms'] ?? Number.NaN) || MAX_TIMEOUT_MS
  const lease = await pool.acquire({ signal: closed.signal, timeoutMs })
  // The time that the request has waited for a slot is no longer available to its function.
  if (lease.leftMs < timeoutMs) request.headers['ebb-timeout-ms'] = String(lease.leftMs)
  const upgrade = upgradeOf(request)
  const instance = { port: lease.port, path: path.startsWith('/') ? path : `/${path}` }
  try {
    if (upgrade) await passUpgrade(request, response, { ...instance, head: upgrade.head })
    else await forward(request, response, { agent, ...instance, signal: closed.signal })
    lease.release(response.statusCode === 503 ? 'refused' : 'done')
  } catch (error) {
    lease.release('done')
    throw error
  }
}

interface ForwardOptions {
  readonly agent: Dispatcher
  readonly port: number
  readonly path: string
  readonly signal: AbortSignal
}

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { agent, port, path, signal }: ForwardOptions,
) {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  const { statusCode, headers, body } = await agent.request({
    ...{ origin: `http://127.0.0.1:${port}`, path, signal, body: hasBody ? request : null },
    // Node passes any method on as a string; undici types those that it knows.
    method: request.method as Dispatcher.HttpMethod,
    headers: withoutHopByHop(request.headers),
  })
  response.writeHead(statusCode, withoutHopByHop(headers))
  await pipeline(body, response)
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect'])

const withoutHopByHop = (headers: Readonly<Record<string, string | string[] | undefined>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)))

function sendProblem(request: IncomingMessage, response: ServerResponse, error: unknown) {
  if (response.headersSent) return void response.destroy()
  const problem = toProblem(error)
  const given = request.headers['x-correlation-id']
  const { correlationId } = correlate(typeof given === 'string' ? given : undefined, undefined)
  response.writeHead(problem.status, { 'content-type': 'application/problem+json', ...problem.headers })
  response.end(problemJson(problem, correlationId))
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const cause = { cause: error }
  // The instance ended a moment ago, before anything was sent to it.
  if (Object(error).code === 'ECONNREFUSED')
    return new Problem('unavailable', 503, 'The function has just ended.', { ...cause, retryAfterSeconds: 1 })
  return new Problem('bad_gateway', 502, 'The function ended without a response.', cause)
}
