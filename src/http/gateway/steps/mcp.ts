import { Problem } from '../../../contract/index.ts'
import { parseJson } from '../../json.ts'
import { unauthenticated } from '../challenge.ts'
import { type GatewayContext, isAnonymous, type Outcome, type Reply, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { explained } from '../explanation.ts'
import { answer } from '../mcp/answer.ts'
import type { EndpointCalls } from '../mcp/call-tool.ts'
import { errorJson, INVALID_REQUEST, PARSE_ERROR, RpcError, readMessage } from '../mcp/json-rpc.ts'
import { MCP_ROUTE } from '../mcp/mcp-route.ts'
import { OLDEST, revisionOf } from '../mcp/revisions.ts'
import { type ToolSet, toolSetOf } from '../mcp/tool-set.ts'
import { createHostCheck } from './known-host.ts'

interface McpOptions extends EndpointCalls {
  readonly takeBody: Step
}

/**
 * Answers the Model Context Protocol, without sessions: which tools there are, without a call of any function, and calls of
 * tools, each through the steps of a request to its endpoint.
 */
export function mcp(
  { authenticate, hosts = [] }: Pick<GatewayDependencies, 'authenticate' | 'hosts'>,
  { takeBody, ...calls }: McpOptions,
): Step {
  const hasIssuers = authenticate.token !== undefined
  const isOwnHost = createHostCheck(hosts)

  async function handle(context: GatewayContext): Promise<Outcome> {
    if (!isOriginAllowed(context, isOwnHost)) return ORIGIN_NOT_ALLOWED
    const { contracts } = context
    const tools = contracts && toolSetOf(contracts)
    if (!tools || tools.entries.length === 0) return NO_TOOLS
    // Clients log in when they are asked to, and the first request is a good moment.
    if (!tools.anonymous && isAnonymous(context)) return unauthenticated(context, { hasIssuers, scopes: tools.scopes })
    const refused = await takeBody(context)
    if (refused) return refused
    const parsed = parseJson(context.body)
    if ('issues' in parsed) {
      const [issue] = parsed.issues
      return reply(400, errorJson(undefined, new RpcError(PARSE_ERROR, `${issue?.path}: ${issue?.message}`)))
    }
    if (Array.isArray(parsed.value)) return answerAll(context, tools, parsed.value)
    const answered = await answerOne(context, tools, parsed.value)
    return answered instanceof Problem ? answered : reply(answered.status, answered.json)
  }

  /** A 401 or 403 about credentials is the whole response, which a client acts upon by itself. */
  async function answerOne(context: GatewayContext, tools: ToolSet, value: unknown): Promise<Answered | Problem> {
    try {
      const message = readMessage(value)
      try {
        const revision = revisionOf(message, context.headers)
        if (message.kind !== 'request') return ACCEPTED
        const json = await answer(message, { revision, context, tools, hasIssuers, calls })
        return json instanceof Problem ? json : { status: 200, json }
      } catch (error) {
        if (error instanceof RpcError && message.kind === 'request')
          return { status: error.status, json: errorJson(message.id, error) }
        throw error
      }
    } catch (error) {
      if (error instanceof RpcError) return { status: error.status, json: errorJson(undefined, error) }
      throw error
    }
  }

  /** Several messages at once, as the oldest revision has them: one after the other. */
  async function answerAll(context: GatewayContext, tools: ToolSet, values: readonly unknown[]): Promise<Outcome> {
    if ((context.headers['mcp-protocol-version']?.[0] ?? OLDEST) !== OLDEST)
      return reply(400, errorJson(undefined, new RpcError(INVALID_REQUEST, 'Send one message at a time.')))
    if (values.length === 0 || values.length > MAX_MESSAGES)
      return reply(400, errorJson(undefined, new RpcError(INVALID_REQUEST, `Send 1 to ${MAX_MESSAGES} messages.`)))
    const texts: string[] = []
    for (const value of values) {
      const answered = await answerOne(context, tools, value)
      if (answered instanceof Problem) return answered
      if (answered.json !== undefined) texts.push(answered.json)
    }
    return texts.length === 0 ? reply(202) : reply(200, `[${texts.join()}]`)
  }

  const step: Step = function mcp(context) {
    return context.route === MCP_ROUTE ? handle(context) : undefined
  }
  return explained(step, ({ route }) =>
    route === MCP_ROUTE
      ? {
          outcome: 'unknown',
          why: 'What comes of it depends on its message: explain the endpoint of the tool instead.',
        }
      : { why: 'It is no message of the Model Context Protocol.' },
  )
}

interface Answered {
  readonly status: number
  /** Undefined for what is no request. */
  readonly json?: string
}

const ACCEPTED: Answered = { status: 202 }
const MAX_MESSAGES = 20

const NO_TOOLS = new Problem('not_found', 404, 'No endpoint is a tool here: none of the contracts says `tool: true`.')

const reply = (status: number, json?: string): Reply => ({
  status,
  headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), 'cache-control': 'no-store' },
  body: json ?? '',
})

/**
 * Whether a page may call: one of the origins that any endpoint allows, or a page of this very host, where that is known to be
 * its name: a page can make a name of its own lead here (DNS rebinding). What is no page sends no Origin.
 */
function isOriginAllowed(
  { headers, responseHeaders }: GatewayContext,
  isOwnHost: (host: string | undefined) => boolean,
): boolean {
  const { origin, host } = headers
  if (origin === undefined || responseHeaders['access-control-allow-origin'] !== undefined) return true
  return origin.join() !== 'null' && origin.join().replace(/^https?:\/\//, '') === host?.[0] && isOwnHost(host[0])
}

const ORIGIN_NOT_ALLOWED = new Problem(
  'forbidden',
  403,
  'Pages of this origin may not call tools; to allow them, add it to EBB_CORS_ORIGINS, or this host to EBB_HOSTS.',
)
