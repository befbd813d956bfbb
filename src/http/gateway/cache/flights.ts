import type { Problem } from '../../../contract/index.ts'
import type { CachedResponse } from './store.ts'

/**
 * How a call that others wait for has ended: with a response that was stored; with a Problem, which is that of all; with a
 * response that is its caller's alone, so that each asks for itself; or with its caller gone, so that the next one asks for all.
 */
export type Landing = CachedResponse | Problem | 'alone' | 'broken'

/** One call of an upstream under way, which requests for the same wait for. */
export interface Flight {
  /** Which purges it has seen: what it brings is from before any later one. */
  readonly generation: number
  readonly landed: Promise<Landing>
  /** Says how it ended; only the first time counts. From then on nobody joins it. */
  readonly land: (landing: Landing) => void
  /** For some time nobody waits for another who wants the same. */
  readonly separate: () => void
}

/** For how long requests do not wait for one another, since what they asked for turned out not to be shared. */
const ALONE_MS = 10_000
const MAX_ALONE = 10_000

/** The calls under way, by what they ask for. */
export function createFlights({ now }: { readonly now: () => number }) {
  const flights = new Map<string, Flight>()
  /** Until when each request of a key goes on by itself. */
  const alone = new Map<string, number>()

  return {
    /** The one to wait for, where there is one. */
    find: (key: string, generation: number): Flight | undefined => {
      const flight = flights.get(key)
      return flight?.generation === generation ? flight : undefined
    },
    /** Who waits for it waits no longer than `maxMs`. */
    open: (key: string, generation: number, maxMs: number): Flight => {
      const { promise, resolve } = Promise.withResolvers<Landing>()
      const timer = setTimeout(() => flight.land('alone'), maxMs).unref()
      const flight: Flight = {
        ...{ generation, landed: promise },
        land: (landing) => {
          clearTimeout(timer)
          resolve(landing)
          if (flights.get(key) === flight) flights.delete(key)
        },
        separate: () => {
          if (alone.size >= MAX_ALONE) alone.clear()
          alone.set(key, now() + ALONE_MS)
        },
      }
      flights.set(key, flight)
      return flight
    },
    /** Whether waiting for others has been of no use for this key lately. */
    isAlone: (key: string): boolean => {
      const until = alone.get(key)
      if (until === undefined || until > now()) return until !== undefined
      alone.delete(key)
      return false
    },
  }
}
