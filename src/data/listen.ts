import pg from 'pg'
import type { Log } from '../kernel/index.ts'

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000

export interface ListenOptions {
  readonly onNotify: (channel: string, payload: string) => void
  /** Connected, for the first time or again: what was sent meanwhile is lost. */
  readonly onUp?: () => void
  readonly onDown?: () => void
  readonly log: Log
}

/** Listens to Postgres channels on one connection of its own, which comes back by itself with back-off. */
export function listen(
  connectionString: string,
  channels: readonly string[],
  { onNotify, onUp, onDown, log }: ListenOptions,
) {
  let client: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined
  let delayMs = FIRST_RETRY_MS
  let closed = false

  const connect = async () => {
    const next = new pg.Client({ connectionString, application_name: 'ebb listen', keepAlive: true })
    let lost = false
    const lose = (fault?: Error) => {
      if (lost || closed) return
      lost = true
      if (client === next) {
        log.warn({ err: fault }, 'the database channel is down')
        onDown?.()
      }
      client = undefined
      next.end().catch(() => {})
      retry = setTimeout(() => void connect(), delayMs)
      delayMs = Math.min(delayMs * 2, LAST_RETRY_MS)
    }
    next.on('error', lose)
    next.on('end', () => lose())
    next.on('notification', ({ channel, payload = '' }) => onNotify(channel, payload))
    try {
      await next.connect()
      for (const channel of channels) await next.query(`listen ${next.escapeIdentifier(channel)}`)
      if (closed) return void (await next.end())
      client = next
      delayMs = FIRST_RETRY_MS
      log.info({ channels }, 'the database channel is up')
      onUp?.()
    } catch (fault) {
      lose(fault instanceof Error ? fault : undefined)
    }
  }
  const first = connect()

  return {
    close: async () => {
      closed = true
      clearTimeout(retry)
      await first
      await client?.end().catch(() => {})
    },
  }
}
