import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { untilTrue } from '../../support/until.ts'
import { FUNCTIONS, LEASE_MS, PARTS, type Platform, RELAYS, SUBSCRIBERS } from './platform.ts'
import type { Random } from './random.ts'

/** Longer than a lease, so that another relay takes over what is leased. */
const FROZEN_MS = LEASE_MS + 2_000
/** From before the lease is over until after its relay goes on, so that what was taken over is not done by then. */
const HELD_MS = 3_000
const JUMPED_MS = 3_000
const FULL_MS = 1_500
/** So many calls are on their way when a relay is stopped: each relay has some of them. */
const [CALLS, CALLS_MS] = [6, 5_000]
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
    run: async ({ parts }, { shuffle }) => {
      // What is frozen has to go on: what it still holds is the fault.
      const [name = PARTS[0]] = shuffle(PARTS.filter((part) => !parts[part].isFrozen()))
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
    run: async ({ parts, postgres }, { pick }) => {
      const relay = pick(RELAYS)
      const holdBefore = SUBSCRIBERS.map((name) => parts[name].freeze())
      await untilCalled(postgres.ownerUrl)
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

/** Waits until calls of relays are on their way, as long as requests still come and the database is there. */
async function untilCalled(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => {})
  const isCalled = async () => {
    const { rows } = await client.query("select count(*)::int4 as count from ebb.delivery where state = 'leased'")
    return rows[0].count >= CALLS
  }
  await client
    .connect()
    .then(() => untilTrue(isCalled, { limitMs: CALLS_MS }))
    .catch(() => {})
  await client.end().catch(() => {})
}
