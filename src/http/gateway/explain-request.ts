import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Problem } from '../../contract/index.ts'
import type { Explained, RequestToExplain } from '../../protocol/admin/explain.ts'
import { isWebSocketRequest, markUpgrade } from '../accept-upgrades.ts'
import { createGatewayContext, type Explanation, type GatewayContext, type Step } from './context.ts'
import { ending } from './explanation.ts'
import { createTunnels } from './upstream/tunnels.ts'

export type ExplainRequest = (request: RequestToExplain) => Promise<Explained>

interface ExplainerOptions {
  readonly trustedHops: number
  /** Whether this server speaks https. */
  readonly encrypted: boolean
  readonly stallTimeoutMs: number
}

/** Explains requests by the steps that serve them: each says what it would do, until one ends the request. */
export function createExplainer(steps: readonly Step[], options: ExplainerOptions): ExplainRequest {
  return async function explainRequest(given) {
    const context = createContext(given, options)
    try {
      return await walk(steps, context, given)
    } finally {
      // What was taken for the time of a request is given back, as when a caller has gone.
      context.response.emit('close')
    }
  }
}

async function walk(steps: readonly Step[], context: GatewayContext, { method, target }: RequestToExplain) {
  const said: Explained['steps'][number][] = []
  let last: Explanation | undefined
  for (const step of steps) {
    last = await ask(step, context)
    const { why, facts } = last
    said.push({ step: step.name, decision: decisionOf(step, last), why, ...(facts ? { facts } : {}) })
    if (last.outcome) break
  }
  const { outcome, forwardsTo = null } = last ?? {}
  const answer = outcome === undefined || outcome === 'unknown' ? undefined : outcome
  return {
    ...{ method, target, route: context.route?.name ?? null, steps: said, forwardsTo },
    outcome: answer
      ? {
          status: answer.status,
          error: answer instanceof Problem ? answer.code : null,
          by: said.at(-1)?.step ?? '',
        }
      : null,
  }
}

async function ask(step: Step, context: GatewayContext): Promise<Explanation> {
  if (!step.explain) return { why: 'This step does not say what it would do.' }
  try {
    return await step.explain(context)
  } catch (error) {
    if (error instanceof Problem) return ending(error)
    throw error
  }
}

function decisionOf({ explain }: Step, { outcome }: Explanation): Explained['steps'][number]['decision'] {
  if (!explain) return 'unexplained'
  if (outcome === undefined) return 'passes'
  return outcome === 'unknown' ? 'unknown' : 'answers'
}

/** A request as if it had come, and a response that goes nowhere. */
function createContext(
  { method, target, headers, body = '', address = '127.0.0.1' }: RequestToExplain,
  { trustedHops, encrypted, stallTimeoutMs }: ExplainerOptions,
): GatewayContext {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: address })
  if (encrypted) Object.defineProperty(socket, 'encrypted', { value: true })
  const request = new IncomingMessage(socket)
  const defaults = {
    host: 'localhost',
    ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    // What the proxies in front of this gateway say of a client that calls them by https.
    ...(trustedHops > 0
      ? { 'x-forwarded-for': Array(trustedHops).fill(address).join(', '), 'x-forwarded-proto': 'https' }
      : {}),
  }
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const fields = Object.entries<string | readonly string[]>({ ...defaults, ...Object.fromEntries(given) })
  const rawHeaders = fields.flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]))
  Object.assign(request, { method, url: target, httpVersion: '1.1', rawHeaders, complete: true })
  Object.assign(request.headers, Object.fromEntries(fields.map(([name, value]) => [name, [value].flat().join(', ')])))
  if (isWebSocketRequest(request)) markUpgrade(request, { socket, head: Buffer.alloc(0) })
  if (body !== '') request.push(body)
  request.push(null)
  const response = new ServerResponse(request)
  return createGatewayContext(request, response, {
    ...{ overConnectionLimit: false, trustedHops, stallTimeoutMs },
    // Nothing is opened.
    tunnels: createTunnels(),
  })
}
