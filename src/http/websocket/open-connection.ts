import type { RawData, WebSocket } from 'ws'
import type { Upgrade } from '../../contract/index.ts'
import { toInput, toOutput } from '../../contract/index.ts'
import { containsSecret } from '../../kernel/index.ts'
import { parseJson } from '../json.ts'
import { CLOSE_CODES, closeWith } from './close-codes.ts'

/** A WebSocket as its handler sees it, before its messages have types. */
export interface OpenedConnection {
  readonly messages: AsyncIterable<unknown>
  readonly subprotocol: string | undefined
  send(message: unknown): Promise<void>
  close(code?: number, reason?: string): void
}

interface ConnectionOptions {
  readonly upgrade: true | Upgrade
  readonly idleSeconds: number
  /** Throws where nothing may be sent to this caller. */
  readonly check: () => void
}

/** Messages that have come and are not read yet; beyond it, the caller has to wait. */
const MAX_UNREAD = 16

/**
 * Gives a handler the messages of a WebSocket, each once it asks for it, and lets it send: both as the contract's schemas say,
 * and no faster than the other side. A message that breaks its schema ends the connection (1007).
 */
export function openConnection(
  socket: WebSocket,
  { upgrade, idleSeconds, check }: ConnectionOptions,
): OpenedConnection {
  const schemas = upgrade === true ? {} : upgrade
  const receive = schemas.receive && toInput(schemas.receive)
  const send = schemas.send && toOutput(schemas.send)
  const unread: unknown[] = []
  let changed = Promise.withResolvers<void>()
  let over = false
  const notify = () => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }

  const read = (data: Buffer, isBinary: boolean): unknown => {
    if (!receive) return isBinary ? new Uint8Array(data) : data.toString()
    const parsed = isBinary ? { issues: [{ path: 'body', message: 'Not a text' }] } : parseJson(data)
    const result = 'value' in parsed ? receive.safeParse(parsed.value) : undefined
    if (result?.success) return result.data
    const [issue] = result ? result.error.issues : 'issues' in parsed ? parsed.issues : []
    const path =
      issue && typeof issue.path === 'string'
        ? issue.path.replace(/^body/, 'message')
        : ['message', ...(issue?.path ?? [])].join('.')
    return closeWith(socket, CLOSE_CODES.invalidMessage, `${path}: ${issue?.message}`)
  }
  socket.on('message', (data: RawData, isBinary) => {
    // With the default `binaryType`, that is what it is.
    const message = read(data as Buffer, isBinary)
    if (message === undefined || socket.readyState !== socket.OPEN) return
    unread.push(message)
    if (unread.length >= MAX_UNREAD) socket.pause()
    notify()
  })
  socket.on('close', () => {
    over = true
    notify()
  })
  watchLife(socket, idleSeconds)

  async function* readAll(): AsyncGenerator<unknown> {
    for (;;) {
      if (unread.length > 0) {
        yield unread.shift()
        if (socket.isPaused && unread.length < MAX_UNREAD / 2) socket.resume()
      } else if (over) return
      else await changed.promise
    }
  }

  return {
    messages: readAll(),
    subprotocol: socket.protocol === '' ? undefined : socket.protocol,
    send: async (message) => {
      check()
      const bytes = send ? serialize(send.safeParse(message)) : message
      if (typeof bytes !== 'string' && !(bytes instanceof Uint8Array))
        throw new TypeError('a message is a text or a Uint8Array, where `upgrade.send` has no schema')
      if (typeof bytes === 'string' && containsSecret(bytes))
        throw new Error('the message holds the value of a secret, which must not leave the function')
      await new Promise<void>((resolve) => socket.send(bytes, () => resolve()))
    },
    close: (code = 1000, reason = '') => closeWith(socket, code, reason),
  }
}

function serialize({ success, data, error }: { success: boolean; data?: unknown; error?: unknown }): string {
  if (!success) throw new Error('the message breaks its contract', { cause: error })
  return JSON.stringify(data)
}

/** Asks for a sign of life, and ends a connection that gives none: its caller may be gone without a word. */
function watchLife(socket: WebSocket, idleSeconds: number) {
  let isAlive = true
  const timer = setInterval(
    () => {
      if (!isAlive) return socket.terminate()
      isAlive = false
      socket.ping()
    },
    (idleSeconds * 1_000) / 2,
  )
  timer.unref()
  for (const sign of ['message', 'ping', 'pong']) {
    socket.on(sign, () => {
      isAlive = true
    })
  }
  socket.on('close', () => clearInterval(timer))
}
