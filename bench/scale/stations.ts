import { type Demand, wakeFactor } from '../../src/deploy/size/service-times.ts'

export interface StationOptions {
  /** How many there are of it; in a part of a system a fraction, such as 0.01 for a hundredth of the one Redis. */
  readonly servers: number
  /** Whether work waits for the first that is free, as at the cores of a Postgres, or for the one that it was sent to. */
  readonly shared?: boolean
  readonly random: () => number
  /** One of them is away from then to then. */
  readonly away?: readonly [from: number, to: number]
}

export interface Served {
  readonly at: number
  /** Whether its process died meanwhile. */
  readonly failed: boolean
}

/**
 * What has work wait in line. Where there is less than one server, that one is as much slower, so that it is as busy as the whole one would
 * be, and waits are shortened by as much: in a line, time and rate scale together.
 */
export function createStation({ servers, shared = false, random, away }: StationOptions) {
  const count = Math.max(1, Math.round(servers))
  const slower = count / servers
  const freeAt = new Float64Array(count)
  let busySeconds = 0
  /** The first of those that are free; else where chance sends it, one that is away apart. */
  const choose = (at: number): number => {
    if (!shared) {
      const sent = Math.floor(random() * count)
      return sent === 0 && isAway(at) ? 1 + Math.floor(random() * (count - 1)) : sent
    }
    let first = 0
    for (let i = 1; i < count; i++) if ((freeAt[i] ?? 0) < (freeAt[first] ?? 0)) first = i
    return first
  }
  const isAway = (at: number) => away !== undefined && count > 1 && at >= away[0] && at < away[1]
  return {
    /** Gives it work at a time that is never before that of the last; `as` names the server, such as that of a key. */
    serve(at: number, { busy, wake }: Demand, as?: number): Served {
      const server = as === undefined ? choose(at) : as % count
      const woken = wake * wakeFactor(Math.max(0, at - (freeAt[server] ?? 0)) / slower)
      // As varied as an exponential distribution is.
      const seconds = ((busy + woken) / 1e6) * -Math.log(1 - random()) * slower
      const begin = Math.max(at, freeAt[server] ?? 0)
      freeAt[server] = begin + seconds
      busySeconds += seconds
      const failed = away !== undefined && count > 1 && server === 0 && at < away[0] && begin + seconds > away[0]
      return { at: at + (begin + seconds - at) / Math.max(1, slower), failed }
    },
    /** The share of all servers' time up to then that was work; more than 1 where some is still in line. */
    utilisation: (seconds: number) => busySeconds / (count * seconds),
  }
}

export type Station = ReturnType<typeof createStation>

/** Things of which there are so many, such as connections: who finds none waits in line. */
export function createPool(size: number) {
  let free = Math.max(1, Math.round(size))
  let heldSeconds = 0
  /** From `next` on. */
  const waiting: ((at: number) => void)[] = []
  let next = 0
  return {
    take(at: number, then: (at: number) => void): void {
      if (free === 0) return void waiting.push(then)
      free--
      then(at)
    },
    /** After so many seconds that it was held. */
    giveBack(at: number, seconds: number): void {
      heldSeconds += seconds
      const first = waiting[next]
      if (!first) return void free++
      next++
      first(at)
    },
    utilisation: (seconds: number) => heldSeconds / (size * seconds),
  }
}
