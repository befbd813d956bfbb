import { Problem } from '../../../contract/index.ts'
import { upgradeOf } from '../../accept-upgrades.ts'
import { type GatewayContext, routeOf, type Step, singleValue } from '../context.ts'
import { byRunning } from '../explanation.ts'

/**
 * Refuses what is no request to open a WebSocket at a path that is only for that (426), a malformed one (400), and one that a
 * page of another origin sends which may not call (403): a browser asks no server before it opens one. Does nothing at any
 * other path, where the wish to upgrade is ignored (RFC 9110, 7.8).
 */
export function upgrade(): Step {
  const step: Step = function upgrade(context) {
    if (!routeOf(context).upgrade) return undefined
    const { headers } = context
    if (!upgradeOf(context.request)) return NOT_ASKED
    if (singleValue(headers['sec-websocket-version']) !== '13') return NOT_ASKED
    if (!KEY.test(singleValue(headers['sec-websocket-key']) ?? '')) return MALFORMED
    return isAllowedOrigin(context) ? undefined : ORIGIN_NOT_ALLOWED
  }
  return byRunning(step, (context) =>
    routeOf(context).upgrade
      ? 'It asks for a WebSocket, as the route does.'
      : 'The route is for no WebSocket: a wish to upgrade is ignored.',
  )
}

/** 16 bytes in Base64 (RFC 6455, 4.1). */
const KEY = /^[+/\dA-Za-z]{21}[AQgw]==$/

/** Of a page: its own server's, or one of the settings', which `cors` has recognised. */
function isAllowedOrigin({ headers, responseHeaders, client }: GatewayContext): boolean {
  if (headers.origin === undefined) return true
  if (responseHeaders['access-control-allow-origin'] !== undefined) return true
  const host = client.host ?? headers.host?.[0]
  return singleValue(headers.origin) === `${client.proto}://${host}`
}

const NOT_ASKED = new Problem('upgrade_required', 426, 'This path is for WebSockets, version 13.', {
  headers: { upgrade: 'websocket', connection: 'Upgrade, close', 'sec-websocket-version': '13' },
})
const MALFORMED = new Problem('bad_request', 400, 'The header sec-websocket-key must be 16 bytes in Base64.', {
  headers: { connection: 'close' },
})
const ORIGIN_NOT_ALLOWED = new Problem('forbidden', 403, 'Pages of this origin may not call this API.')
