import pg from 'pg'

const LIMIT_MS = 1_000

/** What pg's own Client uses and its types leave out. */
interface Wire extends pg.Connection {
  connect(port: number, host?: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number): void
}

interface Target {
  readonly host: string
  readonly port: number
  readonly ssl: pg.ConnectionConfig['ssl']
  readonly sslNegotiation: 'postgres' | 'direct'
  readonly processID: number | null
  readonly secretKey: number | null
}

/**
 * Asks the server to cancel what this connection is running, by TLS where that uses it: pg has no AbortSignal, and its
 * own cancel() speaks in the clear. Resolves to whether it has been done: the server closes the connection in order, and
 * does so after it has sent its signal. Best effort, never rejects.
 */
export function sendCancelRequest(client: pg.ClientBase): Promise<boolean> {
  const { host, port, ssl, sslNegotiation, processID, secretKey } = client as unknown as Target
  if (processID === null || secretKey === null) return Promise.resolve(false)
  const wire = new pg.Connection({ ssl, sslNegotiation } as pg.ConnectionConfig) as Wire
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // The plain socket: over TLS, `wire.stream` becomes another.
  const socket = wire.stream
  let done = false
  const limit = setTimeout(() => {
    done = false
    socket.destroy()
  }, LIMIT_MS)
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
