import { Problem } from '../contract/index.ts'
import type { InstanceAccount, Log } from '../kernel/index.ts'
import { REQUEST_ENDED } from './deadline.ts'

interface IsolationOptions {
  readonly log: Pick<Log, 'error'>
  /** Finishes the requests in flight, and ends the process. */
  readonly shutDown: (error: unknown) => void
}

/**
 * Keeps the errors of one request away from all others of this process. A rejection that is still unhandled when all
 * requests are over that were in flight with it shuts the process down; one that is handled late does not. `process.exit`
 * throws.
 */
export function isolateErrors(inFlight: InFlight, { log, shutDown }: IsolationOptions): void {
  const unhandled = new Map<Promise<unknown>, unknown>()

  const settle = (promise: Promise<unknown>) => {
    if (!unhandled.has(promise)) return
    const reason = unhandled.get(promise)
    unhandled.delete(promise)
    // What the platform itself has ended or refused says nothing about the process.
    if (isRequestError(reason))
      log.error({ err: reason }, 'a rejection was not handled; await its promise in the handler')
    else shutDown(reason)
  }

  process.on('unhandledRejection', (reason, promise) => {
    unhandled.set(promise, reason)
    inFlight.whenSettled(() => settle(promise))
  })
  process.on('rejectionHandled', (promise) => void unhandled.delete(promise))
  process.exit = (status) => {
    throw new Error(`process.exit(${status ?? ''}) would end all other requests; throw an error`)
  }
}

/** Whether an error comes from a request that is over, or from what the platform could not do for it. */
function isRequestError(reason: unknown): boolean {
  for (let error = reason; error instanceof Error; error = error.cause)
    if (error === REQUEST_ENDED || error instanceof Problem) return true
  return false
}

/** Counts the requests in flight, so that one can wait for those of a given moment, not for later ones. */
export interface InFlight {
  /** Counts one more request; returns its generation, which `end` takes. */
  readonly begin: () => number
  readonly end: (generation: number) => void
  /** Calls `listener` once all requests are over that are in flight now; at once, where there are none. */
  readonly whenSettled: (listener: () => void) => void
}

export function createInFlight(account?: Pick<InstanceAccount, 'begin' | 'end'>): InFlight {
  /** Requests in flight by generation; each call of `whenSettled` begins a new one. */
  const counts = [0]
  let waiting: { readonly before: number; readonly listener: () => void }[] = []

  const isSettled = (before: number) => counts.slice(0, before).every((count) => count === 0)
  const settle = () => {
    const settled = waiting.filter(({ before }) => isSettled(before))
    if (settled.length === 0) return
    waiting = waiting.filter((one) => !settled.includes(one))
    for (const { listener } of settled) listener()
  }
  const add = (generation: number, by: number) => {
    counts[generation] = (counts[generation] ?? 0) + by
  }
  return {
    begin: () => {
      account?.begin()
      add(counts.length - 1, 1)
      return counts.length - 1
    },
    end: (generation) => {
      account?.end()
      add(generation, -1)
      if (waiting.length > 0) settle()
    },
    whenSettled: (listener) => {
      waiting.push({ before: counts.length, listener })
      // Where no request has begun since the last call, this one waits for the same generation.
      if (counts.at(-1) !== 0) counts.push(0)
      settle()
    },
  }
}
