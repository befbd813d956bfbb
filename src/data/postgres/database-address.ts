import pg from 'pg'
import type { LiveValue, Log } from '../../kernel/index.ts'
import { CONNECTION_OPTIONS, endConnection } from './connection.ts'
import { errorCodeOf } from './database-error.ts'

/** Between two logins with a new address that does not work yet. */
const INITIAL_RETRY_MS = 500
const MAX_RETRY_MS = 15_000

/** Where the database is, and how to log in: it may change while the process runs. */
export interface DatabaseAddress {
  /** The URL that new connections use. */
  current(): string
  /** Calls `listener` when new connections use another URL; those with the old one go on working. */
  onChange(listener: () => void): void
  /** To be called when a login was refused. Resolves when the URL was read again and a new one was tried. */
  refused(): Promise<void>
  /** Tries no new URL any more. */
  close(): void
}

/** An address that does not change. */
export const fixedAddress = (url: string): DatabaseAddress => ({
  current: () => url,
  onChange: () => {},
  refused: async () => {},
  close: () => {},
})

/**
 * The address that a setting holds. A new URL is used from the first login with it that succeeds, and the old one until then:
 * so a password can be changed in the file first or in the database first.
 */
export function createDatabaseAddress(
  setting: LiveValue<string | undefined>,
  { log }: { readonly log: Pick<Log, 'info' | 'warn'> },
): DatabaseAddress {
  let url = setting.current() ?? ''
  let next: string | undefined
  let trying: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let delayMs = INITIAL_RETRY_MS
  let closed = false
  const listeners: (() => void)[] = []

  const attempt = async (candidate: string) => {
    clearTimeout(retry)
    try {
      await logIn(candidate)
      if (next !== candidate) return
      next = undefined
      url = candidate
      log.info({}, 'new database connections use the new address')
      for (const listener of listeners) listener()
    } catch (error) {
      if (next !== candidate || closed) return
      if (delayMs === INITIAL_RETRY_MS)
        log.warn({ err: error }, 'the new address of the database does not work yet; the old one stays in use')
      retry = setTimeout(() => void tryNext(), delayMs).unref()
      delayMs = Math.min(delayMs * 2, MAX_RETRY_MS)
    }
  }
  const tryNext = async () => {
    if (next === undefined || closed) return
    trying ??= attempt(next).finally(() => {
      trying = undefined
    })
    await trying
  }
  setting.onChange((changed) => {
    next = changed === url ? undefined : changed
    delayMs = INITIAL_RETRY_MS
    void tryNext()
  })
  return {
    current: () => url,
    onChange: (listener) => void listeners.push(listener),
    refused: async () => {
      await setting.refresh()
      await tryNext()
    },
    close: () => {
      closed = true
      clearTimeout(retry)
    },
  }
}

async function logIn(url: string): Promise<void> {
  const client = new pg.Client({ ...CONNECTION_OPTIONS, connectionString: url, application_name: 'ebb login' })
  client.on('error', () => {})
  try {
    await client.connect()
  } finally {
    await endConnection(client)
  }
}

/** Wrong password, and a role that may not log in or is not there. */
const REFUSED_LOGIN = /^28(P01|000)$/

/** Whether the server has refused the login: another password may work. */
export const isRefusedLogin = (error: unknown): boolean => REFUSED_LOGIN.test(errorCodeOf(error))
