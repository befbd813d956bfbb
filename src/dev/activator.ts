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
import type { MailFolder } from './mail/mail-folder.ts'
import { passUpgrade } from './pass-upgrade.ts'

/** What the runner itself answers, below a path that no function can have. */
const OWN = '/_/'
/** The path at which gateway and relay read the status of all functions. */
export const STATUS_PATH = `${OWN}functions`
/** The path at which the gateway reads the keys of the laptop's OpenID provider. */
export const KEYS_PATH = `${OWN}provider-keys`
/** The path below which the relay reaches the gateway, whose port may not be known yet when the relay starts. */
export const GATEWAY_PATH = `${OWN}gateway`
/** The path at which the gateway reads what the contracts change compared with a commit. */
export const DIFFERENCES_PATH = `${OWN}differences`
/** The path below which the gateway reads the guide. */
export const GUIDE_PATH = `${OWN}guide`
/** The path below which the gateway reads the mails that functions have sent. */
export const MAILS_PATH = `${OWN}mails`

type ActivatorFunctions = Pick<Functions, 'pool' | 'statuses'> & {
  /** Resolves when every save so far is served: a request sent after a save is meant for what was saved. */
  settled(): Promise<void>
  readonly guide: Guide
  readonly mails: MailFolder
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
    const { url = '/' } = request
    const [prefix, answer] = OWN_ANSWERS.find(([path]) => url.startsWith(path)) ?? []
    const handled = answer
      ? answer({ request, response, functions, agent, rest: url.slice(prefix?.length) })
      : handle(request, response, { functions, agent })
    handled.catch((error) => sendProblem(request, response, error))
  })
  acceptUpgrades(server)
  return server.on('close', () => void agent.close())
}

interface OwnRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly functions: ActivatorFunctions
  readonly agent: Dispatcher
  /** Of the address, what comes after its path below. */
  readonly rest: string
}

const OWN_ANSWERS: readonly (readonly [path: string, answer: (own: OwnRequest) => Promise<void>])[] = [
  [STATUS_PATH, async ({ response, functions }) => sendJson(response, functions.statuses())],
  [KEYS_PATH, async ({ response, functions }) => sendJson(response, (await functions.publicKeys?.()) ?? { keys: [] })],
  [GUIDE_PATH, sendGuide],
  [GATEWAY_PATH, sendOn],
  [DIFFERENCES_PATH, sendDifferences],
  [MAILS_PATH, sendMails],
]

const sendJson = (response: ServerResponse, value: unknown) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

async function sendGuide({ rest, response, functions }: OwnRequest) {
  const file = await functions.guide(rest)
  if (!file) throw new Problem('not_found', 404, `The guide has no page ${rest}.`)
  response.writeHead(200, { 'content-type': file.type }).end(file.body)
}

/** Passes a request on to the gateway, as callers would send it. */
async function sendOn({ request, response, functions, agent, rest }: OwnRequest) {
  const to = functions.gateway?.()
  if (to === undefined)
    throw new Problem('unavailable', 503, 'The gateway does not listen yet.', { retryAfterSeconds: 1 })
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  await forward(request, response, { agent, port: Number(new URL(to).port), path: rest || '/', signal: closed.signal })
}

async function sendDifferences({ rest, response, functions }: OwnRequest) {
  const ref = new URL(rest, 'http://runner').searchParams.get('ref') ?? 'HEAD'
  try {
    sendJson(response, await functions.differences(ref))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    response.writeHead(422).end(error.message)
  }
}

async function sendMails({ rest, response, functions: { mails } }: OwnRequest) {
  const id = decodeURIComponent(rest.slice(1))
  const found = id === '' ? await mails.list() : await mails.find(id)
  if (found === undefined) throw new Problem('not_found', 404, `There is no mail ${id}.`)
  sendJson(response, found)
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
