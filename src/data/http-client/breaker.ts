export type Health = 'well' | 'failed' | 'unknown'
/** Says, exactly once, what came of a try. */
export type Settle = (health: Health) => void

export interface Breaker {
  /** Undefined where no try may be made. */
  enter(): Settle | undefined
}

interface BreakerOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  readonly onOpen: (forMs: number) => void
  readonly onClose: () => void
}

const WINDOW_MS = 30_000
const LAST_TRIES = 20
const LEAST_TRIES = 5
const OPEN_MS = 5_000

/**
 * Opens when, of the last 20 tries in 30 s, there were at least 5 and half of them failed. After 5 s one try is let
 * through: if it goes well the breaker closes, if it fails the 5 s begin again.
 */
export function createBreaker({ now, onOpen, onClose }: BreakerOptions): Breaker {
  let tries: { readonly at: number; readonly failed: boolean }[] = []
  let openUntil: number | undefined
  let probing = false

  const open = () => {
    openUntil = now() + OPEN_MS
    onOpen(OPEN_MS)
  }
  const record = (failed: boolean) => {
    const since = now() - WINDOW_MS
    tries = [...tries.filter(({ at }) => at > since), { at: now(), failed }].slice(-LAST_TRIES)
    const failures = tries.filter(({ failed }) => failed).length
    if (tries.length >= LEAST_TRIES && failures * 2 >= tries.length) open()
  }
  const settle: Settle = (health) => {
    // What began before it opened says nothing about now.
    if (health !== 'unknown' && openUntil === undefined) record(health === 'failed')
  }
  const settleProbe: Settle = (health) => {
    probing = false
    if (health === 'failed') open()
    if (health !== 'well') return
    openUntil = undefined
    tries = []
    onClose()
  }
  return {
    enter: () => {
      if (openUntil === undefined) return settle
      if (probing || now() < openUntil) return undefined
      probing = true
      return settleProbe
    },
  }
}
