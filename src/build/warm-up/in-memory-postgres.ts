import { createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { listenOnLoopback } from './loopback.ts'
import {
  createPostgresSession,
  createReader,
  int16,
  int32,
  type Message,
  message,
  messagesOf,
  text,
} from './postgres-session.ts'
import type { Column } from './sample-columns.ts'

const PASSWORD = 'warm-up'

/**
 * Starts a Postgres without data: every statement succeeds and finds one row with these columns. It implements the protocol
 * (version 3) with SCRAM-SHA-256 and without TLS. It is worth its lines: bench/own-parts/warm-up.ts.
 */
export async function startInMemoryPostgres(columns: readonly Column[]) {
  const listening = await listenOnLoopback(
    createServer((socket) => {
      // A client that closes its connection in the middle of a message needs no error.
      serveConnection(socket, columns).catch(() => socket.destroy())
    }),
  )
  return { ...listening, url: `postgres://ebb:${PASSWORD}@127.0.0.1:${listening.port}/ebb` }
}

async function serveConnection(socket: Socket, columns: readonly Column[]) {
  socket.setNoDelay(true)
  const messages = messagesOf(socket)
  if (await startSession(socket, messages)) {
    const answer = createPostgresSession(columns)
    for (let next = await read(messages); next && next.type !== 'X'; next = await read(messages)) {
      socket.write(answer(next))
    }
  }
  socket.end()
}

const read = async (messages: AsyncIterator<Message, undefined>) => (await messages.next()).value

const SSL_REQUEST = 80_877_103
const CANCEL_REQUEST = 80_877_102

/** Starts a session. Returns false for a cancel request, which has a connection of its own. */
async function startSession(socket: Socket, messages: AsyncIterator<Message, undefined>): Promise<boolean> {
  let code = (await read(messages))?.body.readInt32BE()
  if (code === SSL_REQUEST) {
    socket.write('N')
    code = (await read(messages))?.body.readInt32BE()
  }
  if (code === undefined || code === CANCEL_REQUEST) return false
  await authenticate(socket, messages)
  socket.write(Buffer.concat([...Object.entries(PARAMETERS).map(parameter), BACKEND_KEY, message('Z', 'I')]))
  return true
}

async function authenticate(socket: Socket, messages: AsyncIterator<Message, undefined>) {
  const scram = createScramServer(PASSWORD)
  const readerOf = async () => createReader((await read(messages))?.body ?? Buffer.alloc(0))
  socket.write(message('R', int32(10), text('SCRAM-SHA-256'), '\0'))
  const initial = await readerOf()
  initial.text()
  initial.int32()
  socket.write(message('R', int32(11), scram.first(initial.rest())))
  const response = await readerOf()
  socket.write(Buffer.concat([message('R', int32(12), scram.final(response.rest())), message('R', int32(0))]))
}

const PARAMETERS = {
  server_version: '18.0',
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  integer_datetimes: 'on',
  standard_conforming_strings: 'on',
}
const parameter = ([name, value]: [string, string]) => message('S', text(name), text(value))
const BACKEND_KEY = message('K', int32(1), int16(0), int16(1))

const ITERATIONS = 4_096

/** The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677). It proves that it knows the password, and accepts any proof. */
function createScramServer(password: string) {
  const salt = randomBytes(16)
  let messages = ''
  return {
    /** The reply to `n,,n=…,r=<nonce>`. */
    first: (clientFirst: string): string => {
      const bare = clientFirst.replace(/^[^,]*,[^,]*,/, '')
      const [, nonce = ''] = /r=(.*)/.exec(bare) ?? []
      const answer = `r=${nonce}${randomBytes(18).toString('base64')},s=${salt.toString('base64')},i=${ITERATIONS}`
      messages = `${bare},${answer}`
      return answer
    },
    /** The reply to `c=…,r=<nonce>,p=<proof>`. */
    final: (clientFinal: string): string => {
      const key = hmac(pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256'), 'Server Key')
      return `v=${hmac(key, `${messages},${clientFinal.replace(/,p=.*/, '')}`).toString('base64')}`
    },
  }
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
