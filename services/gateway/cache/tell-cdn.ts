import { type Config, type Log, liveSetting } from 'ebb/kernel'
import type pg from 'pg'
import { fetch } from 'undici'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { markToldPurges, type PurgeRow, takeUntoldPurges } from '../../../src/data/purges.ts'
import { oncePerSecond } from '../../../src/http/throttle-log.ts'

interface CdnTeller {
  /** Whether there is a CDN to tell. */
  readonly isNeeded: boolean
  readonly wake: () => void
  readonly close: () => Promise<void>
}

const TIMEOUT_MS = 5_000
const INITIAL_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
/** For what a gateway that has ended has left. */
const POLL_MS = 10_000

/**
 * Tells the CDN in front of purges, by a POST of `{ tags, routes, urls }` to EBB_CDN_PURGE_URL: at least once, by one gateway of
 * all, and again with back-off for an hour where it fails.
 */
export function tellCdn(
  pool: pg.Pool,
  config: Pick<Config, 'EBB_CDN_PURGE_URL' | 'EBB_CDN_PURGE_TOKEN'>,
  { log, retryMs = INITIAL_RETRY_MS }: { readonly log: Log; readonly retryMs?: number },
): CdnTeller {
  const { EBB_CDN_PURGE_URL: url } = config
  if (url === undefined) return { isNeeded: false, wake: () => {}, close: async () => {} }
  const token = liveSetting(config, 'EBB_CDN_PURGE_TOKEN', log)
  const warn = oncePerSecond((times: number, error: unknown) =>
    log.warn({ err: error, times }, 'the CDN cannot be told of a purge; trying again'),
  )
  let closed = false
  let running: Promise<void> | undefined
  let isDue = false
  let isPaused = false
  let delayMs = retryMs

  /** Whether there was something to tell. The rows are locked until it has answered: no other gateway tells it as well. */
  const tell = () =>
    inTransaction(pool, async (client) => {
      const purges = await takeUntoldPurges(client)
      if (purges.length === 0) return false
      const secret = token.current()
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
        },
        body: JSON.stringify(toMessage(purges)),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`EBB_CDN_PURGE_URL answered ${response.status}`)
      await markToldPurges(
        client,
        purges.map(({ id }) => id),
      )
      return true
    })
  const run = async () => {
    isDue = false
    try {
      while (!closed && (await tell())) delayMs = retryMs
    } catch (error) {
      warn(error)
      isPaused = true
      setTimeout(() => {
        isPaused = false
        wake()
      }, delayMs).unref()
      delayMs = Math.min(2 * delayMs, MAX_RETRY_MS)
    }
  }
  const wake = () => {
    isDue = true
    if (running || closed || isPaused) return
    running = run().finally(() => {
      running = undefined
      if (isDue) wake()
    })
  }
  const poll = setInterval(wake, POLL_MS).unref()
  return {
    isNeeded: true,
    wake,
    close: async () => {
      closed = true
      clearInterval(poll)
      await running
    },
  }
}

const toMessage = (purges: readonly PurgeRow[]) => {
  const valuesOf = (kind: PurgeRow['kind']) => [
    ...new Set(purges.filter((purge) => purge.kind === kind).map(({ value }) => value)),
  ]
  return { tags: valuesOf('tag'), routes: valuesOf('route'), urls: valuesOf('url') }
}
