import { createServer, type Socket } from 'node:net'
import { listenOnLoopback } from './listen-on-loopback.ts'
import { createReader, int16, int32, type Message, message, messagesOf, text } from './postgres-messages.ts'
import { postgresSession } from './postgres-session.ts'
import type { Column } from './sample-columns.ts'
import { scramServer } from './scram-server.ts'

const PASSWORD = 'warm-up'

/**
 * A Postgres without data: every statement succeeds and meets one row with these columns. It speaks the protocol (version
 * 3) as a real one does, SCRAM-SHA-256 included, but not TLS.
 */
export async function startInMemoryPostgres(columns: readonly Column[]) {
  const listening = await listenOnLoopback(
    createServer((socket) => {
      // Whoever hangs up in the middle is gone, and nobody else is there to be told.
      talk(socket, columns).catch(() => socket.destroy())
    }),
  )
  return { ...listening, url: `postgres://ebb:${PASSWORD}@127.0.0.1:${listening.port}/ebb` }
}

async function talk(socket: Socket, columns: readonly Column[]) {
  socket.setNoDelay(true)
  const messages = messagesOf(socket)
  if (await greet(socket, messages)) {
    const answer = postgresSession(columns)
    for (let next = await read(messages); next && next.type !== 'X'; next = await read(messages)) {
      socket.write(answer(next))
    }
  }
  socket.end()
}

const read = async (messages: AsyncIterator<Message, undefined>) => (await messages.next()).value

const SSL_REQUEST = 80_877_103
const CANCEL_REQUEST = 80_877_102

/** Says hello to whoever stays; a cancel request is all that its connection says. */
async function greet(socket: Socket, messages: AsyncIterator<Message, undefined>): Promise<boolean> {
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
  const scram = scramServer(PASSWORD)
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
