import { Problem, problemJson } from '../../../contract/index.ts'
import { LATEST } from '../../../protocol/index.ts'
import { type GatewayContext, isAnonymous, type Outcome, type RequestEnd } from '../context.ts'
import type { BodyBudget } from '../steps/take-body.ts'
import { type CollectedResponse, createCollector } from './collect-response.ts'
import type { RpcParams } from './json-rpc.ts'
import { toToolRequest } from './to-request.ts'
import { mayCall, type ToolEntry, type ToolSet } from './tool-set.ts'

/** What a tool call has in common with every other request to an endpoint. */
export interface EndpointCalls {
  /** Runs a request through the steps that it has after its caller is known. */
  readonly run: (context: GatewayContext) => Promise<Outcome | undefined>
  /** Records its end: one log line, and the metrics. */
  readonly record: (context: GatewayContext, status: number) => void
  /** Limits the memory of what is not sent yet. */
  readonly bodies: BodyBudget
}

/**
 * Calls the endpoint that is a tool with the caller of `outer`, through the same steps as by HTTP. Returns its response, whatever
 * that is; a Problem where the caller has to log in first, or to ask for more scopes.
 */
export async function callTool(
  outer: GatewayContext,
  { entry, tools, args }: { readonly entry: ToolEntry; readonly tools: ToolSet; readonly args: RpcParams },
  { run, record, bodies }: EndpointCalls,
): Promise<CollectedResponse | Problem> {
  const { route } = entry
  const controller = new AbortController()
  const abort = (reason: Problem) => controller.abort(reason)
  const account = bodies.open(abort)
  // Nobody uploads it: it is not to be hurried.
  account.complete()
  outer.response.once('close', account.close)
  const { sink, collected } = createCollector({ abort, account })
  const { ending, end } = createEnding()
  const startedAt = performance.now()
  const context: GatewayContext = {
    ...outer,
    ...{ route, method: route.method, path: route.path, query: '', params: {}, body: EMPTY, bodyTaken: true },
    // Agents keep neither headers nor cookies, and read what they have just written.
    position: LATEST,
    ...{ headers: keepHeaders(outer.headers), responseHeaders: {}, startedAt, bodyReceivedAt: startedAt },
    ...{ invoked: false, shortCircuitReason: undefined, bytes: 0 },
    // The span is that of the request around it.
    ...{ span: undefined, sink, ending, abort, signal: AbortSignal.any([outer.signal, controller.signal]) },
  }
  const outcome = (await prepare(context, { entry, tools, args })) ?? (await run(context))
  const response = collected() ?? outcome ?? NO_RESPONSE
  if (response instanceof Problem && response.headers['www-authenticate'] !== undefined) {
    end(response.status)
    return response
  }
  const whole = response instanceof Problem ? problemResponse(response, context) : toBytes(response)
  context.bytes = whole.body.length
  end(whole.status)
  record(context, outer.signal.aborted ? 499 : whole.status)
  return { ...whole, headers: { ...whole.headers, ...context.responseHeaders } }
}

const EMPTY = new Uint8Array()
const NO_RESPONSE = new Problem('bad_gateway', 502, 'The function did not respond.')

/** Writes the arguments into the request, unless its caller may not make it: that goes first, as by HTTP. */
async function prepare(
  context: GatewayContext,
  { entry, tools, args }: { readonly entry: ToolEntry; readonly tools: ToolSet; readonly args: RpcParams },
): Promise<Problem | undefined> {
  if (!mayCall(entry, context.caller, { anonymous: isAnonymous(context) })) return undefined
  const request = toToolRequest(entry.route, args)
  if (request instanceof Problem) {
    context.shortCircuitReason = request.code
    return request
  }
  const { headers, ...rest } = request
  Object.assign(context, rest)
  Object.assign(context.headers, headers)
  const found = tools.findRoute(entry.route.method, request.path)
  return 'route' in found && found.route === entry.route ? undefined : ANOTHER_ENDPOINT
}

/** As `/v1/orders/mine` may be one, beside `/v1/orders/{id}`. */
const ANOTHER_ENDPOINT = new Problem(
  'not_found',
  404,
  'These arguments lead to another endpoint, which this tool is not.',
)

/** What of the request around it is about its client, and not about the message. */
const KEPT = ['host', 'user-agent', 'accept-language', 'tracestate', 'baggage']

function keepHeaders(headers: GatewayContext['headers']): GatewayContext['headers'] {
  const kept: GatewayContext['headers'] = Object.create(null)
  for (const name of KEPT) if (headers[name]) kept[name] = headers[name]
  return kept
}

function createEnding(): { readonly ending: RequestEnd; readonly end: (status: number) => void } {
  const listeners: ((status: number) => void)[] = []
  return {
    ending: { whenOver: (listener) => void listeners.push(listener) },
    end: (status) => {
      for (const listener of listeners) listener(status)
    },
  }
}

const problemResponse = (problem: Problem, { correlationId }: GatewayContext): CollectedResponse => ({
  status: problem.status,
  headers: problem.headers,
  body: Buffer.from(problemJson(problem, correlationId)),
})

const toBytes = ({ status, headers, body }: Exclude<Outcome, Problem> | CollectedResponse): CollectedResponse => ({
  ...{ status, headers },
  body: typeof body === 'string' ? Buffer.from(body) : body,
})
