import { setTimeout as delay } from 'node:timers/promises'
import { FUNCTIONS, LEASE_MS, PARTS, type Platform, RELAYS, SUBSCRIBERS } from './platform.ts'
import type { Random } from './random.ts'

/** Longer than a lease, so that another relay takes over what is leased. */
const FROZEN_MS = LEASE_MS + 2_000
/** From before the lease is over until after its relay goes on, so that what was taken over is not done by then. */
const HELD_MS = 3_000
const JUMPED_MS = 3_000
const FULL_MS = 1_500
const JUMPS_MS = [-3 * 3_600_000, -45_000, 30_000, 24 * 3_600_000] as const

interface Fault {
  /** Brings it about, and ends it; resolves to what was hit. */
  readonly run: (platform: Platform, random: Random) => Promise<string>
  /** Whether others happen meanwhile. */
  readonly lasts?: boolean
}

/** All that happens to a platform in this test. */
export const FAULTS = {
  kill: {
    run: async ({ parts }, { pick }) => {
      const name = pick(PARTS)
      return `${name} (${parts[name].kill()})`
    },
  },
  'postgres crash': { run: ({ postgres }, random) => postgres.crash(random) },
  'full disk': { run: ({ postgres }) => postgres.fill({ feltMs: FULL_MS }) },
  reset: {
    run: async ({ proxies }, { shuffle }) => {
      const [hit] = shuffle(Object.entries(proxies))
      hit?.[1].cut()
      return hit?.[0] ?? ''
    },
  },
  /** What the relay had leased is another one's when it wakes up, and not done yet: both settle it. */
  'frozen relay': {
    lasts: true,
    run: async ({ parts }, { pick }) => {
      const relay = pick(RELAYS)
      // Calls are in flight at that time.
      const holdBefore = SUBSCRIBERS.map((name) => parts[name].freeze())
      await delay(200)
      const thaw = parts[relay].freeze()
      for (const release of holdBefore) release()
      await delay(LEASE_MS - HELD_MS / 2)
      const hold = SUBSCRIBERS.map((name) => parts[name].freeze())
      await delay(FROZEN_MS - LEASE_MS + HELD_MS / 2)
      thaw()
      await delay(HELD_MS / 2)
      for (const release of hold) release()
      return relay
    },
  },
  'frozen function': {
    lasts: true,
    run: async ({ parts }, { pick }) => {
      const name = pick(FUNCTIONS)
      const thaw = parts[name].freeze()
      await delay(FROZEN_MS)
      thaw()
      return name
    },
  },
  'clock jump': {
    lasts: true,
    run: async ({ parts }, { pick }) => {
      const [name, shiftMs] = [pick(RELAYS), pick(JUMPS_MS)]
      parts[name].tell({ shiftMs })
      await delay(JUMPED_MS)
      parts[name].tell({ shiftMs: 0 })
      return `${name} by ${shiftMs / 1_000} s`
    },
  },
} as const satisfies Readonly<Record<string, Fault>>

export type FaultKind = keyof typeof FAULTS
