import { Problem } from '../../contract/index.ts'
import { LATEST, laterPosition, POSITION_HEADER, POSITION_SECONDS, parsePosition } from '../../protocol/index.ts'
import type { GatewayContext, Outcome } from './context.ts'
import type { ResponseHeaders } from './upstream/upstream-request.ts'

/** In which browsers bring back the position of their last write: pages have no part in it. */
const COOKIE = 'ebb-position'

/** Takes out of the headers what their caller has brought of positions: the latest one. */
export function takePosition(headers: GatewayContext['headers']): string | undefined {
  const { cookie } = headers
  if (!cookie?.some((line) => line.includes(`${COOKIE}=`))) return laterPosition(headers[POSITION_HEADER] ?? [])
  const pairs = cookie.flatMap((line) => line.split(';')).map((pair) => pair.trim())
  const isOurs = (pair: string) => pair.startsWith(`${COOKIE}=`)
  const others = pairs.filter((pair) => !isOurs(pair))
  if (others.length === 0) delete headers.cookie
  else headers.cookie = [others.join('; ')]
  const brought = pairs.filter(isOurs).map((pair) => pair.slice(COOKIE.length + 1))
  return laterPosition([...(headers[POSITION_HEADER] ?? []), ...brought])
}

/** What a caller gets of the position that a function's response has, flat. */
export function positionHeaders(context: GatewayContext, headers: ResponseHeaders): readonly string[] {
  const position = headers[POSITION_HEADER]
  if (typeof position !== 'string' || parsePosition(position) === undefined) return NONE
  const cookie = cookieFor(context, position)
  return [POSITION_HEADER, position, ...(cookie === undefined ? [] : ['set-cookie', cookie])]
}

const NONE: readonly string[] = []

/** Only browsers name the origin of the page; other clients keep the header where they want it. */
function cookieFor({ request, client }: GatewayContext, position: string): string | undefined {
  if (request.headers.origin === undefined) return undefined
  const secure = client.proto === 'https' ? '; Secure' : ''
  return `${COOKIE}=${position}; Path=/; Max-Age=${POSITION_SECONDS}; HttpOnly; SameSite=Lax${secure}`
}

/**
 * The gateway's own response as its caller gets it: with a cookie for the position that it has, as an earlier response of a
 * function may, and with the latest one where nobody knows whether there was a write.
 */
export function withPosition(context: GatewayContext, outcome: Outcome): Outcome {
  const position = isUnknownWrite(context, outcome) ? LATEST : outcome.headers[POSITION_HEADER]
  if (typeof position !== 'string') return outcome
  const cookie = cookieFor(context, position)
  if (outcome instanceof Problem) {
    Object.assign(context.responseHeaders, { [POSITION_HEADER]: position, ...(cookie && { 'set-cookie': cookie }) })
    return outcome
  }
  const cookies = [outcome.headers['set-cookie'] ?? [], cookie ?? []].flat()
  return cookies.length === 0 ? outcome : { ...outcome, headers: { ...outcome.headers, 'set-cookie': cookies } }
}

const isUnknownWrite = ({ route, invoked }: GatewayContext, outcome: Outcome): boolean =>
  outcome instanceof Problem && invoked && route !== undefined && !route.readOnly && !route.upstream
