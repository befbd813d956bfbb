import { Problem } from '../../../contract/index.ts'
import { unauthenticated } from '../challenge.ts'
import { type GatewayContext, isAnonymous } from '../context.ts'
import { callTool, type EndpointCalls } from './call-tool.ts'
import { asObject, INVALID_PARAMS, METHOD_NOT_FOUND, RpcError, type RpcMessage, resultJson } from './json-rpc.ts'
import { isStateless, type Revision, STATELESS, WITH_HANDSHAKE } from './revisions.ts'
import { toToolResult } from './to-result.ts'
import { mayCall, type ToolSet } from './tool-set.ts'

type RpcRequest = Extract<RpcMessage, { readonly kind: 'request' }>

interface AnswerOptions {
  readonly revision: Revision
  /** Of the request that brings the message. */
  readonly context: GatewayContext
  readonly tools: ToolSet
  /** Whether access tokens are accepted here. */
  readonly hasIssuers: boolean
  readonly calls: EndpointCalls
}

/**
 * The response to one request, as JSON; a Problem where credentials are wanting, which is the HTTP response's matter. Throws an
 * RpcError where the protocol has no answer.
 */
export async function answer(request: RpcRequest, options: AnswerOptions): Promise<string | Problem> {
  const { revision, tools } = options
  const stateless = isStateless(revision)
  const { id, method, params } = request
  const result = (fields: object) => resultJson(id, JSON.stringify({ ...fields, ...(stateless ? own(tools) : {}) }))
  switch (`${stateless ? '' : 'handshake '}${method}`) {
    case 'server/discover':
      return result({ supportedVersions: STATELESS, ...abilities(tools), ttlMs: TTL_MS, cacheScope: 'public' })
    case 'handshake initialize':
      return result({ protocolVersion: agreeOn(params), ...abilities(tools), serverInfo: tools.server })
    case 'handshake ping':
      return result({})
    case 'tools/list':
    case 'handshake tools/list':
      return resultJson(id, listTools(params, options))
    case 'tools/call':
    case 'handshake tools/call':
      return call(request, options)
    default:
      throw new RpcError(METHOD_NOT_FOUND, `There is no method ${method.slice(0, 100)} here.`, {
        status: stateless ? 404 : 200,
      })
  }
}

/** How long a client may keep a list: it is not told when another release has other tools. */
const TTL_MS = 60_000

const own = ({ server }: ToolSet) => ({
  resultType: 'complete',
  _meta: { 'io.modelcontextprotocol/serverInfo': server },
})

const abilities = ({ instructions }: ToolSet) => ({
  capabilities: { tools: {} },
  ...(instructions === undefined ? {} : { instructions }),
})

/** The revision that a client asks for, or the newest that it may know. */
const agreeOn = ({ protocolVersion }: RpcRequest['params']): string =>
  WITH_HANDSHAKE.find((revision) => revision === protocolVersion) ?? WITH_HANDSHAKE[0]

/** Of one list; the next begins after the last name of the one before, which is the cursor. */
const PAGE_SIZE = 100

/** Those tools that the caller may call, in the order of their names. */
function listTools({ cursor }: RpcRequest['params'], { revision, context, tools }: AnswerOptions): string {
  if (cursor !== undefined && !(typeof cursor === 'string' && CURSOR.test(cursor)))
    throw new RpcError(INVALID_PARAMS, 'The cursor is none that a list has given.')
  const stateless = isStateless(revision)
  const anonymous = isAnonymous(context)
  const after = String(cursor ?? '')
  const page = tools.entries
    .filter((entry) => entry.tool.name > after && mayCall(entry, context.caller, { anonymous }))
    .slice(0, PAGE_SIZE + 1)
  const shown = page.slice(0, PAGE_SIZE)
  const last = page.length > shown.length ? shown.at(-1)?.tool.name : undefined
  const fields = [
    `"tools":[${shown.map(({ json }) => (stateless ? json.stateless : json.withHandshake)).join()}]`,
    ...(last === undefined ? [] : [`"nextCursor":${JSON.stringify(last)}`]),
    ...(stateless ? [`"ttlMs":${TTL_MS},"cacheScope":"private"`, JSON.stringify(own(tools)).slice(1, -1)] : []),
  ]
  return `{${fields.join()}}`
}

const CURSOR = /^[a-z][a-z0-9-]{0,39}$/

async function call({ id, params }: RpcRequest, options: AnswerOptions): Promise<string | Problem> {
  const { revision, context, tools, hasIssuers, calls } = options
  const entry = tools.byName.get(String(params.name))
  if (!entry) throw new RpcError(INVALID_PARAMS, `Unknown tool: ${String(params.name).slice(0, 100)}`)
  const args = asObject(params.arguments ?? {})
  if (!args) throw new RpcError(INVALID_PARAMS, 'The arguments of a tool are an object.')
  const { route, structured } = entry
  if (!route.anonymous && isAnonymous(context)) return unauthenticated(context, { hasIssuers, scopes: route.scopes })
  const response = await callTool(context, { entry, tools, args }, calls)
  if (response instanceof Problem) return response
  const stateless = isStateless(revision)
  const result = toToolResult(response, {
    stateless,
    structured: stateless ? structured.stateless : structured.withHandshake,
  })
  return resultJson(id, result)
}
