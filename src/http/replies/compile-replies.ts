import {
  compileBounds,
  compileLocation,
  type EndpointContract,
  isRedirect,
  isWhole,
  type Reply,
  repliesOf,
  toOutput,
  usualReply,
} from '../../contract/index.ts'
import { containsSecret, type StoredHeaders, type StoredResponse } from '../../kernel/index.ts'
import { findUnsafeText } from '../json.ts'
import { compileHeaders } from './encode-headers.ts'
import { compileSetCookie } from './set-cookie.ts'

/** What a handler returns, as the response that its contract says. Throws where it breaks that. */
export type SerializeReply = (output: unknown) => StoredResponse

/** Compiles the replies of a contract: of several, the status that the handler returns says which one it is. */
export function compileReplies(contract: Pick<EndpointContract, 'reply'>): SerializeReply {
  if (!isWhole(contract)) {
    const serialize = compileReply(usualReply(contract))
    return (body) => serialize({ body })
  }
  const byStatus = new Map(repliesOf(contract).map((reply) => [reply.status, compileReply(reply)]))
  return (output) => {
    // Whatever it is: its parts are looked at one by one.
    const returned: Returned = Object(output)
    const serialize = byStatus.get(returned.status ?? 0)
    if (serialize) return serialize(returned)
    const known = [...byStatus.keys()].join(' or ')
    throw new Error(`the reply breaks its contract: return reply(${known}, …), and not one of ${returned.status}`)
  }
}

/** Makes what a handler returns of its status, its body where that reply has one, and what else it has. */
export function createReply(contract: Pick<EndpointContract, 'reply'>) {
  const withBody = new Set(repliesOf(contract).flatMap(({ status, body }) => (body ? [status] : [])))
  return (status: number, ...rest: readonly unknown[]): Returned =>
    withBody.has(status) ? { ...Object(rest[1]), status, body: rest[0] } : { ...Object(rest[0]), status }
}

/** The parts of what a handler returns. */
export interface Returned {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: unknown
  readonly cookies?: unknown
  readonly location?: unknown
}

function compileReply(reply: Reply): (returned: Returned) => StoredResponse {
  const { status } = reply
  const schema = reply.body && toOutput(reply.body)
  const locate = compileLocationOf(reply)
  const writeHeaders = reply.headers && compileHeaders(reply.headers)
  const setCookies = reply.cookies && compileSetCookie(reply.cookies)
  const isBare = !schema && !locate && !writeHeaders && !setCookies
  const bare: StoredResponse = { status, headers: {}, body: '' }
  return (returned) => {
    if (isBare) return bare
    const parsed = schema?.safeParse(returned.body)
    if (parsed?.success === false) throw new Error('the reply breaks its contract', { cause: parsed.error })
    const location = locate && attempt(() => locate(isRedirect(reply) ? returned.location : parsed?.data))
    const cookies = setCookies && attempt(() => setCookies(returned.cookies))
    const headers: StoredHeaders = {
      ...(schema ? { 'content-type': 'application/json' } : {}),
      ...(location === undefined ? {} : { location }),
      // A cookie is one caller's; a handler that says `cache-control` itself knows better.
      ...(cookies && cookies.length > 0 ? { 'cache-control': 'no-store', 'set-cookie': cookies } : {}),
      ...(writeHeaders && attempt(() => writeHeaders(returned.headers))),
    }
    return { status, headers, body: schema ? toJson(parsed?.data) : '' }
  }
}

function compileLocationOf({ status, location, locations }: Reply): ((value: unknown) => string) | undefined {
  if (isRedirect({ status }) && locations) return compileBounds(locations)
  if (location === undefined) return undefined
  const locate = compileLocation(location)
  return (values) => locate(Object(values))
}

function attempt<Result>(encode: () => Result): Result {
  try {
    return encode()
  } catch (cause) {
    throw new Error('the reply breaks its contract', { cause })
  }
}

function toJson(data: unknown): string {
  const body = JSON.stringify(data)
  const issue = findUnsafeText(body, 'reply')
  if (issue) throw new Error(`the reply breaks its contract: ${issue.path}: ${issue.message}`)
  if (containsSecret(body)) throw new Error('the reply holds the value of a secret, which must not leave the function')
  return body
}
