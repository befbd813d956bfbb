import { isInSnapshot, type PurgeRow, type ReadPurge } from '../../../src/data/purges.ts'
import type { CachedResponse, Purge } from '../../../src/http/gateway/cache/store.ts'

/** What a response can be purged by. */
type Purgeable = Pick<CachedResponse, 'tags' | 'route' | 'url'>

/** The newest purges, for responses that come out of a store which knows of none. */
export interface PurgeLog {
  /** Adds what was read of the database at `snapshot`, in one call. */
  readonly add: (purges: readonly ReadPurge[], snapshot: string) => void
  /** Adds a purge of this gateway that is on its way to the database. */
  readonly addPending: (purge: PurgeRow) => void
  /** Has all responses that were asked for until `snapshot` count as purged. */
  readonly addAll: (snapshot: string) => void
  /** Whether a response, asked for when the database was at `snapshot`, has been purged since. */
  readonly isPurged: (response: Purgeable, snapshot: string) => boolean
}

interface Entry {
  /** The transactions of the last call of `add` that has purged it: those before are in every snapshot that has these. */
  xids: readonly number[]
  pending: number
  batch: number
  at: number
}

interface PurgeLogOptions {
  /** For how long a purge is remembered: longer than any response is kept elsewhere. */
  readonly windowMs: number
  /** Beyond it, everything counts as purged. Default: 100,000. */
  readonly maxEntries?: number
  readonly now?: () => number
}

const MAX_ENTRIES = 100_000

/**
 * Remembers by what was purged, and when: in transactions of the database, whose snapshots mean the same to every gateway.
 * Until something was added, everything counts as purged.
 */
export function createPurgeLog({ windowMs, maxEntries = MAX_ENTRIES, now = Date.now }: PurgeLogOptions): PurgeLog {
  // In the order of their last purge.
  const entries = new Map<string, Entry>()
  let batch = 0
  /** Of a snapshot whose `xmax` is not beyond this, nothing is known. */
  let floor = Number.POSITIVE_INFINITY

  const touch = (purge: PurgeRow): Entry => {
    const mark = markOf(purge.kind, purge.value)
    const entry = entries.get(mark) ?? { xids: [], pending: 0, batch: 0, at: 0 }
    entry.at = now()
    entries.delete(mark)
    entries.set(mark, entry)
    return entry
  }
  const forgetOld = () => {
    for (const [mark, { at }] of entries) {
      if (at > now() - windowMs) return
      entries.delete(mark)
    }
  }
  const addAll = (snapshot: string) => {
    entries.clear()
    floor = xmaxOf(snapshot)
  }
  const isBehind = ({ xids, pending }: Entry, snapshot: string) =>
    pending > 0 || xids.some((xid) => !isInSnapshot(xid, snapshot))

  return {
    add: (purges, snapshot) => {
      if (floor === Number.POSITIVE_INFINITY) floor = -1
      batch++
      for (const purge of purges) {
        const entry = touch(purge)
        entry.xids = entry.batch === batch ? [...entry.xids, purge.xid] : [purge.xid]
        entry.batch = batch
        if (purge.origin !== null) entry.pending = Math.max(0, entry.pending - 1)
      }
      forgetOld()
      if (entries.size > maxEntries) addAll(snapshot)
    },
    addPending: (purge) => {
      touch(purge).pending++
    },
    addAll,
    isPurged: ({ tags, route, url }, snapshot) => {
      if (xmaxOf(snapshot) <= floor) return true
      if (entries.size === 0) return false
      const marks = [markOf('route', route), markOf('url', url), ...tags.map((tag) => markOf('tag', tag))]
      return marks.some((mark) => {
        const entry = entries.get(mark)
        return entry !== undefined && isBehind(entry, snapshot)
      })
    },
  }
}

/** A purge as a row of the database. */
export function toRow(purge: Purge): PurgeRow {
  if ('tag' in purge) return { kind: 'tag', value: purge.tag }
  return 'route' in purge ? { kind: 'route', value: purge.route } : { kind: 'url', value: purge.url }
}

/** A row of the database as a purge. */
export function toPurge({ kind, value }: PurgeRow): Purge {
  if (kind === 'tag') return { tag: value }
  return kind === 'route' ? { route: value } : { url: value }
}

const markOf = (kind: PurgeRow['kind'], value: string) => `${kind} ${value}`
const xmaxOf = (snapshot: string) => Number(snapshot.split(':')[1] ?? Number.NaN)
