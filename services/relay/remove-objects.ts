import type { Config, Log } from 'ebb/kernel'
import type pg from 'pg'
import { followObjectAddress } from '../../src/data/objects/object-address.ts'
import { openObjectStore } from '../../src/data/objects/object-store.ts'
import { removeExpired } from '../../src/data/objects/remove-expired.ts'
import { inRounds } from './in-rounds.ts'

export interface RemoveObjectsOptions {
  readonly pool: pg.Pool
  readonly log: Log
  /** Default: ten seconds. */
  readonly intervalMs?: number
  /** Default: a day. */
  readonly lateSeconds?: number
}

const INTERVAL_MS = 10_000
const LATE_SECONDS = 86_400
const LIMIT_MS = 10_000
const MAX_BATCH = 100

/** Removes uploads that were never finished, and objects that were deleted. Undefined where no store is named. */
export function removeObjects(
  config: Config,
  { pool, log, intervalMs = INTERVAL_MS, lateSeconds = LATE_SECONDS }: RemoveObjectsOptions,
): { stop(): Promise<void> } | undefined {
  if (config.EBB_OBJECTS_URL === undefined) return undefined
  const store = openObjectStore(followObjectAddress(config, log))
  let closed = false
  const remove = async () => {
    for (let removed = MAX_BATCH; removed === MAX_BATCH && !closed; ) {
      const round = await removeExpired(pool, store, { lateSeconds, limit: MAX_BATCH, limitMs: LIMIT_MS })
      removed = round.removed
      const [err] = round.errors
      if (err !== undefined) throw err
    }
  }
  const rounds = inRounds(remove, {
    intervalMs,
    onFailure: (error) => log.warn({ err: error }, 'objects that are over could not be removed; they are tried again'),
  })
  return {
    stop: async () => {
      closed = true
      await rounds.stop()
      await store.close()
    },
  }
}
