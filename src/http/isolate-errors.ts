import { Problem } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'
import { REQUEST_ENDED } from './context.ts'

interface IsolationOptions {
  readonly log: Pick<Log, 'error'>
  /** Lets the process finish what it has, and end. */
  readonly shutDown: (fault: unknown) => void
}

/**
 * Keeps what one request does wrong from all others of this process. A rejection that nobody has heard of when the
 * requests are over that were in flight by then makes the process leave; one that is awaited late is none. `process.exit`
 * throws.
 */
export function isolateErrors(inFlight: InFlight, { log, shutDown }: IsolationOptions): void {
  const unheard = new Map<Promise<unknown>, unknown>()

  const judge = (promise: Promise<unknown>) => {
    if (!unheard.has(promise)) return
    const reason = unheard.get(promise)
    unheard.delete(promise)
    // What the platform itself has ended or refused says nothing about the process.
    if (isRequestError(reason)) log.error({ err: reason }, 'nobody awaited what failed; await it in the handler')
    else shutDown(reason)
  }

  process.on('unhandledRejection', (reason, promise) => {
    unheard.set(promise, reason)
    inFlight.whenSettled(() => judge(promise))
  })
  process.on('rejectionHandled', (promise) => void unheard.delete(promise))
  process.exit = (status) => {
    throw new Error(`process.exit(${status ?? ''}) would end the requests of all others; throw an error`)
  }
}

/** Whether it comes from a request that is over, or from what the platform could not do for it. */
function isRequestError(fault: unknown): boolean {
  for (let one = fault; one instanceof Error; one = one.cause)
    if (one === REQUEST_ENDED || one instanceof Problem) return true
  return false
}

/** The requests that a process has in hand, counted so that one can wait for those of a moment at no cost to others. */
export interface InFlight {
  /** One more; to be given to `end`. */
  readonly begin: () => number
  readonly end: (begun: number) => void
  /** Calls once all are over that are in hand by now: at once, where there are none. */
  readonly whenSettled: (listener: () => void) => void
}

export function createInFlight(): InFlight {
  /** How many are in hand of those that began between one call of `whenOver` and the next. */
  const counts = [0]
  let waiting: { readonly until: number; readonly listener: () => void }[] = []

  const isOver = (until: number) => counts.slice(0, until).every((count) => count === 0)
  const settle = () => {
    const over = waiting.filter(({ until }) => isOver(until))
    if (over.length === 0) return
    waiting = waiting.filter((one) => !over.includes(one))
    for (const { listener } of over) listener()
  }
  const add = (begun: number, by: number) => {
    counts[begun] = (counts[begun] ?? 0) + by
  }
  return {
    begin: () => {
      add(counts.length - 1, 1)
      return counts.length - 1
    },
    end: (begun) => {
      add(begun, -1)
      if (waiting.length > 0) settle()
    },
    whenSettled: (listener) => {
      waiting.push({ until: counts.length, listener })
      // Nothing has begun since the last call: it waits for the same ones.
      if (counts.at(-1) !== 0) counts.push(0)
      settle()
    },
  }
}
