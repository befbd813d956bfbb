import type { WebSocket } from 'ws'

/** Why the platform closes a WebSocket (RFC 6455, 7.4.1). */
export const CLOSE_CODES = {
  /** The handler has returned. */
  done: 1000,
  /** The connection has lived as long as it may, or its instance ends: come again. */
  goingAway: 1001,
  /** A message is not as the contract says. */
  invalidMessage: 1007,
  internal: 1011,
  /** Plus the status of a failure that the contract declares: a 404 is 4404. */
  failure: 4000,
} as const

/** The longest reason of a close frame, in bytes (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123
/** For the answer to a close frame. */
const CLOSE_TIMEOUT_MS = 2_000

/** Closes a WebSocket, and destroys it where the other side does not answer. */
export function closeWith(socket: WebSocket, code: number, reason: string): undefined {
  if (socket.readyState !== socket.OPEN) return undefined
  const bytes = Buffer.from(reason).subarray(0, MAX_REASON_BYTES)
  socket.close(code, bytes.toString().replace(/\uFFFD$/, ''))
  // Where it is paused, it would never see the answer.
  if (socket.isPaused) socket.resume()
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  return undefined
}
