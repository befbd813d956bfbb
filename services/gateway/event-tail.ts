import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from 'ebb/contract'
import type { Followed, Following, GatewayMetrics, Subscriptions } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { isInSnapshot } from '../../src/data/purges.ts'
import { isSnapshot, type NewEvents, readEmitted, readSnapshot } from '../../src/data/queue/read-emitted.ts'
import { type BufferedEvent, createEventBuffer } from './event-buffer.ts'

/** How often new events are looked for while somebody follows some: for what no notification has told. */
const POLL_MS = 1_000
/** The least that is between two looks, however many notifications come. */
const MIN_LOOK_MS = 50
const TIMEOUT_MS = 2_000
/** Those who follow events at this gateway, and of them each caller's. */
const MAX_FOLLOWERS = 1_000
const MAX_OF_CALLER = 20

interface Follower extends Followed {
  readonly buffer: ReturnType<typeof createEventBuffer>
  /** What came while it reads what it has missed; undefined where it does not. */
  held: NewEvents[] | undefined
  /** Up to where it has read that: these events do not come again. */
  seen: string | undefined
}

interface EventTailOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly log: Log
  readonly pollMs?: number
}

/**
 * Reads events as they are committed, once for all who follow some at this gateway, and nothing while nobody does. What comes after a
 * follower's position comes to it once.
 */
export function createEventTail(pool: pg.Pool, { log, shed, pollMs = POLL_MS }: EventTailOptions) {
  const followers = new Set<Follower>()
  /** Where the database was at the last look. */
  let snapshot: string | undefined
  let beginning: Promise<string> | undefined
  let looking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let isRunning = false
  let isDue = false

  const query = <Result>(run: (client: pg.PoolClient) => Promise<Result>) => queryWithTimeout(pool, TIMEOUT_MS, run)

  async function look() {
    const since = snapshot
    if (since === undefined) return
    const types = [...new Set(Array.from(followers, ({ type }) => type))]
    const read = await query((client) => readEmitted(client, { since, types }))
    // All have left meanwhile, and who came then began anew.
    if (snapshot !== since) return
    snapshot = read.snapshot
    for (const follower of [...followers]) {
      // Nobody knows what is missing: they come back from where they are.
      if (read.isCut) follower.buffer.close()
      else if (follower.held) follower.held.push(read)
      else give(follower, read)
    }
  }

  async function lookWhileDue() {
    isRunning = true
    while (isDue && followers.size > 0) {
      isDue = false
      looking = look().catch((err: unknown) => log.warn({ err }, 'events could not be read for those who follow them'))
      await looking
      await delay(MIN_LOOK_MS)
    }
    isRunning = false
  }

  /** One look at a time: what comes meanwhile is looked for after it. */
  function wake() {
    if (followers.size === 0) return
    isDue = true
    if (!isRunning) void lookWhileDue()
  }

  function admit({ caller, after }: Followed) {
    if (after !== undefined && !isSnapshot(after)) throw UNKNOWN_POSITION
    if (followers.size >= MAX_FOLLOWERS) {
      shed('subscriptions')
      throw new Problem('unavailable', 503, 'Too many follow events here; retry later.', { retryAfterSeconds: 5 })
    }
    if (Array.from(followers).filter((one) => one.caller === caller).length >= MAX_OF_CALLER)
      throw new Problem('rate_limited', 429, `You follow events ${MAX_OF_CALLER} times already: end one of them.`)
  }

  async function follow(wanted: Followed): Promise<Following> {
    admit(wanted)
    const buffer = createEventBuffer(() => leave(follower))
    const follower: Follower = { ...wanted, buffer, held: wanted.after === undefined ? undefined : [], seen: undefined }
    followers.add(follower)
    timer ??= setInterval(wake, pollMs)
    try {
      await begin()
      // A look that began before does not ask for this one's type.
      await looking
      const position = wanted.after ?? snapshot ?? ''
      if (wanted.after !== undefined) await catchUp(follower, wanted.after)
      return { position, [Symbol.asyncIterator]: buffer.iterate, close: buffer.close }
    } catch (cause) {
      buffer.close()
      if (cause instanceof Problem) throw cause
      throw new Problem('unavailable', 503, 'Events cannot be read now; retry later.', { cause, retryAfterSeconds: 1 })
    }
  }

  async function begin() {
    if (snapshot !== undefined) return
    beginning ??= query(readSnapshot)
    const now = await beginning
    snapshot ??= now
  }

  /** Reads for it alone what was committed before it came. */
  async function catchUp(follower: Follower, since: string) {
    const missed = await query((client) => readEmitted(client, { since, types: [follower.type], whose: follower }))
    if (missed.isCut) throw UNKNOWN_POSITION
    const { held = [] } = follower
    follower.held = undefined
    give(follower, missed)
    follower.seen = missed.snapshot
    for (const read of held) give(follower, read)
  }

  function leave(follower: Follower) {
    followers.delete(follower)
    if (followers.size > 0) return
    clearInterval(timer)
    timer = undefined
    snapshot = undefined
    beginning = undefined
  }

  return {
    follow,
    /** There are new events, or notifications may have been missed. */
    wake,
    close: (): void => {
      for (const { buffer } of [...followers]) buffer.close()
    },
  } satisfies Pick<Subscriptions, 'follow'> & { wake: () => void; close: () => void }
}

const UNKNOWN_POSITION = new Problem(
  'gone',
  410,
  'What came since then is more than can be sent again: ask for it by a query.',
)

const give = (follower: Follower, read: NewEvents) => follower.buffer.push(eventsFor(follower, read))

/** What is for it; the last one has the position, behind which there is nothing more of what was read. */
function eventsFor(
  { type, version, tenant, fields, seen }: Follower,
  { snapshot, events }: NewEvents,
): readonly BufferedEvent[] {
  const wanted = Object.entries(fields)
  const own = events.filter((event) => {
    if (event.type !== type || event.version !== version) return false
    if (tenant !== undefined && event.tenant !== tenant) return false
    if (seen !== undefined && isInSnapshot(event.xid, seen)) return false
    // Each of its fields is looked at by itself.
    const data: Readonly<Record<string, unknown>> = Object(event.data)
    return wanted.every(([field, value]) => data[field] === value)
  })
  return own.map(({ data, bytes }, i) => ({ data, bytes, position: i === own.length - 1 ? snapshot : undefined }))
}
