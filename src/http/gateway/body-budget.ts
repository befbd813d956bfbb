import { Problem } from '../../contract/index.ts'
import type { GatewayMetrics } from './ports.ts'

export interface BodyAccount {
  /** Takes room for so many bytes more. Throws a Problem where there is none. */
  readonly reserve: (bytes: number) => void
  /** So many bytes more are there. */
  readonly came: (bytes: number) => void
  /** All of the body is there: from now on it is kept until `close`. */
  readonly complete: () => void
  /** Gives the room back. */
  readonly close: () => void
}

export interface BodyBudget {
  /** Begins the account of one body; `giveUp` is called where others get its room, since it comes too slowly. */
  readonly open: (giveUp: (problem: Problem) => void) => BodyAccount
}

export interface BodyBudgetOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly maxBytes: number
}

interface Arriving {
  readonly giveUp: () => void
  readonly beganAt: number
  lastAt: number
  bytes: number
}

/** A body that comes slower than this, or not at all for some time, gives its room to others when that is short. */
const SLOW_BYTES_PER_SECOND = 32 * 1024
const GRACE_MS = 1_000

/** Bounds the memory of all bodies that are not answered yet, those that are still coming included. */
export function createBodyBudget({ maxBytes, shed }: BodyBudgetOptions): BodyBudget {
  let heldBytes = 0
  /** The oldest first. */
  const arriving = new Set<Arriving>()

  function makeRoom(bytes: number) {
    const now = performance.now()
    for (const body of arriving) {
      const elapsedMs = now - body.beganAt
      if (heldBytes + bytes <= maxBytes || elapsedMs < GRACE_MS) return
      const isSlow = (body.bytes / elapsedMs) * 1_000 < SLOW_BYTES_PER_SECOND
      if (isSlow || now - body.lastAt >= GRACE_MS) body.giveUp()
    }
  }

  return {
    open(giveUp) {
      const now = performance.now()
      let reservedBytes = 0
      const close = () => {
        arriving.delete(body)
        heldBytes -= reservedBytes
        reservedBytes = 0
      }
      const body: Arriving = {
        ...{ beganAt: now, lastAt: now, bytes: 0 },
        giveUp: () => {
          close()
          shed('bodies')
          giveUp(NO_ROOM)
        },
      }
      arriving.add(body)
      const reserve = (bytes: number) => {
        if (heldBytes + bytes > maxBytes) makeRoom(bytes)
        if (heldBytes + bytes > maxBytes) {
          shed('bodies')
          throw NO_ROOM
        }
        heldBytes += bytes
        reservedBytes += bytes
      }
      const came = (bytes: number) => {
        body.bytes += bytes
        body.lastAt = performance.now()
      }
      return { reserve, came, complete: () => void arriving.delete(body), close }
    },
  }
}

const NO_ROOM = new Problem('unavailable', 503, 'Too many requests are being uploaded just now.', {
  ...{ retryAfterSeconds: 1, headers: { connection: 'close' } },
})
