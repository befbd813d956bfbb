import { connect } from 'node:net'
import type pg from 'pg'

const CANCEL_REQUEST = 80_877_102
const LIMIT_MS = 250

/** Asks the server to cancel what this connection is running: pg has no AbortSignal. Best effort, never throws. */
export function sendCancelRequest(client: pg.ClientBase): void {
  // pg keeps these for its own cancel(); its types leave them out.
  const { host, port, processID, secretKey } = client as unknown as {
    readonly [key in 'port' | 'processID' | 'secretKey']: number | null
  } & { readonly host: string }
  if (!port || processID === null || secretKey === null) return
  const message = Buffer.alloc(16)
  for (const [i, word] of [16, CANCEL_REQUEST, processID, secretKey].entries()) message.writeInt32BE(word, i * 4)
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.setTimeout(LIMIT_MS, () => socket.destroy())
  socket.on('error', () => {}).on('connect', () => socket.end(message))
}
