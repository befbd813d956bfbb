import type { RateLimiter } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import { reportTurns } from '../../../src/data/redis-client.ts'
import type { LocalLimiter } from './local-limiter.ts'
import type { SharedLimiter } from './redis-limiter.ts'

export interface FallbackOptions {
  readonly log: Pick<Log, 'info' | 'warn'>
  /** Called for each request that the local limiter judged. */
  readonly fellBack: () => void
  /** Between two looks for a Redis that is away; 500 ms unless told. */
  readonly probeMs?: number
  /** Before a loss is said; 2 s unless told, so several looks in a row. */
  readonly lastedMs?: number
}

/**
 * Limits by `shared`, and by `local` while that is away or slow: the first request that it fails ends its use, and a
 * look in the background begins it again, so that no other request waits. Each side is told of what the other has let
 * through, so that no change between them grants another burst. A loss that lasts is one log line, and its end another.
 */
export function withFallback(shared: SharedLimiter, local: LocalLimiter, options: FallbackOptions) {
  const { log, fellBack, probeMs = 500, lastedMs = 2_000 } = options
  const say = reportTurns(
    log,
    {
      away: 'redis is away or slow; each gateway limits by its own share',
      back: 'redis is there; rate limits hold across gateways',
    },
    { lastedMs, saysFirst: true },
  )
  let up: boolean | undefined
  let turns = 0
  let closed = false
  let memory: string | undefined
  const turn = (now: boolean, fault?: unknown) => {
    if (closed) return
    if (up !== now) turns++
    up = now
    say(now, fault)
  }
  const look = () =>
    shared.probe().then(
      (name) => {
        if (name !== memory) local.tellAll()
        memory = name
        turn(true)
      },
      (fault) => turn(false, fault),
    )
  shared.onUp(() => void look())
  shared.onDown((fault) => turn(false, fault))
  const looking = setInterval(() => {
    if (!up) void look()
  }, probeMs).unref()

  const take: RateLimiter = async (key, limit) => {
    if (up) {
      const since = turns
      const untold = local.tell(key, limit)
      try {
        const allowance = await shared.take(key, limit, untold)
        if (allowance.allowed) local.note(key, limit)
        return allowance
      } catch (fault) {
        if (untold > 0) local.untell(key, limit, untold)
        // What was sent before Redis went and came again says nothing about now.
        if (since === turns) turn(false, fault)
      }
    }
    fellBack()
    return local.take(key, limit)
  }
  return {
    take,
    /** Resolves when it is known whether the shared one is there. */
    started: shared.tried.then(look),
    close: () => {
      closed = true
      clearInterval(looking)
      shared.close()
    },
  }
}
