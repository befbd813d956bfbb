import { Problem } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'
import { OVER } from './deadline.ts'
import type { InFlight } from './in-flight.ts'

interface FaultOptions {
  readonly log: Pick<Log, 'error'>
  /** Lets the process finish what it has, and end. */
  readonly leave: (fault: unknown) => void
}

/**
 * Keeps what one request does wrong from all others of this process. A rejection that nobody has heard of when the
 * requests are over that were in flight by then makes the process leave; one that is awaited late is none. `process.exit`
 * throws.
 */
export function keepFaultsApart(inFlight: InFlight, { log, leave }: FaultOptions): void {
  const unheard = new Map<Promise<unknown>, unknown>()

  const judge = (promise: Promise<unknown>) => {
    if (!unheard.has(promise)) return
    const reason = unheard.get(promise)
    unheard.delete(promise)
    // What the platform itself has ended or refused says nothing about the process.
    if (isRefusal(reason)) log.error({ err: reason }, 'nobody awaited what failed; await it in the handler')
    else leave(reason)
  }

  process.on('unhandledRejection', (reason, promise) => {
    unheard.set(promise, reason)
    inFlight.whenOver(() => judge(promise))
  })
  process.on('rejectionHandled', (promise) => void unheard.delete(promise))
  process.exit = (status) => {
    throw new Error(`process.exit(${status ?? ''}) would end the requests of all others; throw an error`)
  }
}

/** Whether it comes from a request that is over, or from what the platform could not do for it. */
function isRefusal(fault: unknown): boolean {
  for (let one = fault; one instanceof Error; one = one.cause) if (one === OVER || one instanceof Problem) return true
  return false
}
