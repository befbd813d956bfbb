import pg from 'pg'
import type { Log } from '../../kernel/index.ts'
import { withTimeout } from '../../kernel/promises.ts'
import { CONNECTION_OPTIONS, destroyConnection, endConnection } from './connection.ts'
import { type DatabaseAddress, fixedAddress, isRefusedLogin } from './database-address.ts'

const INITIAL_RETRY_MS = 100
const MAX_RETRY_MS = 5_000
const PING_INTERVAL_MS = 10_000
const PING_TIMEOUT_MS = 5_000

/** What a listener does with notifications, and with the loss of its connection. */
export interface ListenerOptions {
  readonly onNotify: (channel: string, payload: string) => void
  /** Connected, for the first time or again: what was sent in between is lost. */
  readonly onUp?: () => void
  readonly onDown?: () => void
  readonly log: Log
  /** How often the connection is checked, on which nothing else may be sent for hours. Default: 10 s. */
  readonly pingIntervalMs?: number
}

/**
 * Listens to Postgres channels on a connection of its own, which reconnects by itself with back-off until `close()`, and at
 * once where the address of the database changes.
 */
export function openListener(
  database: string | DatabaseAddress,
  channels: readonly string[],
  { onNotify, onUp, onDown, log, pingIntervalMs = PING_INTERVAL_MS }: ListenerOptions,
) {
  const address = typeof database === 'string' ? fixedAddress(database) : database
  let client: pg.Client | undefined
  let moving: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined
  let delayMs = INITIAL_RETRY_MS
  let closed = false

  const connect = async () => {
    const connectionString = address.current()
    const next = new pg.Client({ ...CONNECTION_OPTIONS, connectionString, application_name: 'ebb listen' })
    let lost = false
    let nextPing: NodeJS.Timeout | undefined
    const lose = (error?: Error) => {
      if (lost) return
      lost = true
      clearTimeout(nextPing)
      destroyConnection(next)
      if (closed) return
      if (client === next && moving !== next) {
        log.warn({ err: error }, 'the database channel is down')
        onDown?.()
      }
      client = undefined
      retry = setTimeout(() => void connect(), delayMs)
      delayMs = Math.min(delayMs * 2, MAX_RETRY_MS)
    }
    const ping = () => void withTimeout(PING_TIMEOUT_MS, next.query('select')).then(schedulePing, lose)
    const schedulePing = () => {
      nextPing = setTimeout(ping, pingIntervalMs)
    }
    next.on('error', lose)
    next.on('end', () => lose())
    next.on('notification', ({ channel, payload = '' }) => onNotify(channel, payload))
    try {
      await next.connect()
      const names = channels.map((channel) => `listen ${next.escapeIdentifier(channel)}`)
      await withTimeout(PING_TIMEOUT_MS, next.query(names.join('; ')))
      if (closed) return lose()
      client = next
      delayMs = INITIAL_RETRY_MS
      log.info({ channels }, 'the database channel is up')
      onUp?.()
      schedulePing()
      if (connectionString !== address.current()) move()
    } catch (error) {
      if (isRefusedLogin(error)) await address.refused()
      lose(error instanceof Error ? error : undefined)
    }
  }
  const move = () => {
    moving = client
    if (client) void endConnection(client)
  }
  const first = connect()
  address.onChange(move)

  return {
    close: async () => {
      closed = true
      clearTimeout(retry)
      await first
      if (client) await endConnection(client)
    },
  }
}
