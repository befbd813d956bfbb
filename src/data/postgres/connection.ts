import pg from 'pg'
import { withTimeout } from '../../kernel/promises.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** How long a connection is idle before TCP probes its host, once a second: one that is gone is noticed 10 s later. */
const KEEP_ALIVE_DELAY_MS = 10_000
const END_TIMEOUT_MS = 1_000
const CANCEL_TIMEOUT_MS = 1_000

/** The options of every connection to Postgres, in a pool or alone. */
export const CONNECTION_OPTIONS = {
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
} as const

/** Closes a connection without the protocol's goodbye: a host that is gone would never answer it. */
export const destroyConnection = (client: pg.Client): void => {
  client.connection.stream.destroy()
}

/** Closes a connection in order, or at once where the server does not answer within a second. */
export async function endConnection(client: pg.Client): Promise<void> {
  await withTimeout(END_TIMEOUT_MS, client.end()).catch(() => destroyConnection(client))
}

/**
 * Asks the server to cancel what this connection is running, by TLS where the connection uses it: pg has no AbortSignal,
 * and its own cancel() sends plain text. Resolves to whether the server has done so: it closes the cancel's connection in
 * order, after it has sent its signal. Best effort, never rejects.
 */
export function sendCancelRequest(client: pg.ClientBase): Promise<boolean> {
  const { host, port, ssl, sslNegotiation, processID, secretKey } = client as unknown as CancelTarget
  if (processID === null || secretKey === null) return Promise.resolve(false)
  const wire = new pg.Connection({ ssl, sslNegotiation } as pg.ConnectionConfig) as WireConnection
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // The plain socket: over TLS, `wire.stream` becomes another.
  const socket = wire.stream
  let done = false
  const limit = setTimeout(() => {
    done = false
    socket.destroy()
  }, CANCEL_TIMEOUT_MS)
  const cancel = () => {
    wire.cancel(processID, secretKey)
    done = true
  }
  wire.on('connect', () => {
    if (!ssl) cancel()
    else if (sslNegotiation !== 'direct') wire.requestSsl()
  })
  wire.on('sslconnect', cancel)
  wire.on('error', () => {
    done = false
  })
  wire.on('end', () => {
    clearTimeout(limit)
    resolve(done)
  })
  if (host.startsWith('/')) wire.connect(`${host}/.s.PGSQL.${port}` as never)
  else wire.connect(port, host)
  return promise
}

/** What pg's own Client uses and its types leave out. */
interface WireConnection extends pg.Connection {
  connect(port: number, host?: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number): void
}

interface CancelTarget {
  readonly host: string
  readonly port: number
  readonly ssl: pg.ConnectionConfig['ssl']
  readonly sslNegotiation: 'postgres' | 'direct'
  readonly processID: number | null
  readonly secretKey: number | null
}
