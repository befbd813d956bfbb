import { channel } from 'node:diagnostics_channel'
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** A connection whose caller asks for WebSocket, after the request. */
export interface UpgradeRequest {
  readonly socket: Duplex
  /** What has come after the request already. */
  readonly head: Buffer
}

const started = channel('http.server.request.start')
const upgrades = new WeakMap<IncomingMessage, UpgradeRequest>()

/** The connection of a request to open a WebSocket; undefined for any other request. */
export const upgradeOf = (request: IncomingMessage): UpgradeRequest | undefined => upgrades.get(request)

/** Makes a request one to open a WebSocket. */
export const markUpgrade = (request: IncomingMessage, upgrade: UpgradeRequest): void =>
  void upgrades.set(request, upgrade)

/**
 * Lets a server handle requests to open a WebSocket as any other: `request` is emitted, whose response is sent, and closes the
 * connection; or `upgradeOf` is used, and the response is not.
 */
export function acceptUpgrades(server: Server, Response: typeof ServerResponse = ServerResponse): void {
  server.on('upgrade', (request, socket, head) => {
    const response = new Response(request)
    // Node has taken its own listeners off.
    socket.on('error', () => {})
    markUpgrade(request, { socket, head })
    response.shouldKeepAlive = false
    response.once('finish', () => endSocket(socket))
    // What an upgrade comes on is a connection of this server's.
    response.assignSocket(socket as Parameters<typeof response.assignSocket>[0])
    // As Node does for every other request: spans begin with it.
    if (started.hasSubscribers) started.publish({ request, response, socket, server })
    server.emit('request', request, response)
  })
}

/** Whether a request asks for WebSocket, and nothing else; in HTTP/1.0 there is no upgrade (RFC 9110, 7.8). */
export const isWebSocketRequest = ({ method, headers, httpVersion }: IncomingMessage): boolean =>
  method === 'GET' && httpVersion === '1.1' && headers.upgrade?.toLowerCase() === 'websocket'

const CLOSE_TIMEOUT_MS = 1_000

/** What the other side still sends is read and dropped: a reset would make it lose the response. */
function endSocket(socket: Duplex) {
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end()
  socket.resume()
}
