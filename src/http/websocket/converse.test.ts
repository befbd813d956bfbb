import { afterEach, expect, it } from '@jest/globals'
import { WebSocket } from 'undici'
import * as z from 'zod'
import { untilTrue } from '../../../test/support/until.ts'
import { endpoint } from '../../contract/index.ts'
import { postgres } from '../../data/postgres/postgres.ts'
import { testFunction } from '../../testing/index.ts'
import { implement } from '../implement.ts'

const contract = endpoint({
  ...{ name: 'talk', summary: 'Talks.', method: 'GET', path: '/v1/rooms/{room}', reply: { status: 101 } },
  params: z.object({ room: z.string() }),
  access: { scopes: ['rooms:read'], owner: true },
  failures: { no_such_room: 404 },
  upgrade: {
    receive: z.object({ text: z.string().max(100), n: z.int().default(1) }),
    send: z.object({ said: z.string() }),
    ...{ subprotocols: ['chat.v2', 'chat.v1'], maxMessageBytes: 1_000 },
  },
})

const ended: unknown[] = []
const fn = testFunction(
  implement(
    contract,
    { sql: postgres },
    async ({ params: { room } }, { connection, sql, own, fail, caller, signal }) => {
      if (room === 'missing') throw fail('no_such_room', 'There is no such room.')
      if (room !== 'forgotten') own(room === 'others' ? 'bob' : 'ada')
      signal.addEventListener('abort', () => void ended.push(room))
      for await (const { text, n } of connection.messages) {
        if (text === 'throw') throw new Error('secret detail')
        if (text === 'return') return
        if (text === 'wrong') await connection.send({ sad: text } as never)
        if (text === 'write') await sql`create table t (id int)`
        if (text === 'own code') connection.close(4_700, 'enough')
        const [row] = await sql<{ sum: number }>`select ${n}::int + 1 as sum`
        await connection.send({ said: `${caller.sub} ${text} ${row?.sum}` })
      }
      ended.push('messages')
    },
  ),
)

const brief = endpoint({
  ...{ name: 'brief', summary: 'Ends soon.', method: 'GET', path: '/v1/brief/{room}', reply: { status: 101 } },
  ...{ params: z.object({ room: z.string() }), access: { anonymous: true }, upgrade: { maxSeconds: 1 } },
})
const briefFn = testFunction(
  implement(brief, {}, async (_input, { connection }) => {
    for await (const _message of connection.messages);
    ended.push('brief')
  }),
)

const sockets: WebSocket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
  ended.length = 0
})

const ADA = { sub: 'ada', scopes: [] }

async function open(
  room: string,
  { caller = ADA, protocols = [] as string[], signed = true, of = fn, path = '/v1/rooms' } = {},
) {
  const headers = signed ? await of.headers(caller) : {}
  const url = `${(await of.address()).replace('http', 'ws')}${path}/${room}`
  const socket = new WebSocket(url, { protocols, headers })
  sockets.push(socket)
  const messages: unknown[] = []
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  const opened = Promise.withResolvers<boolean>()
  socket.addEventListener('open', () => opened.resolve(true))
  socket.addEventListener('error', () => opened.resolve(false))
  socket.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data))))
  socket.addEventListener('close', ({ code, reason }) => closed.resolve({ code, reason }))
  return { socket, messages, closed: closed.promise, isOpen: await opened.promise }
}

const say = (socket: WebSocket, message: unknown) => socket.send(JSON.stringify(message))

it('101 the handler gets decoded messages and reads, and sends what its contract says, in order', async () => {
  const { socket, messages, isOpen } = await open('1', { protocols: ['other', 'chat.v1'] })
  expect([isOpen, socket.protocol]).toEqual([true, 'chat.v1'])
  for (let n = 0; n < 50; n++) say(socket, { text: 'hi', n })
  say(socket, { text: 'default' })
  await untilTrue(() => messages.length === 51)
  const expected = Array.from({ length: 50 }, (_, n) => ({ said: `ada hi ${n + 1}` }))
  expect(messages).toEqual([...expected, { said: 'ada default 2' }])
})

it.each([
  ['a handler that returns', { text: 'return' }, { code: 1000, reason: '' }],
  ['a handler that closes', { text: 'own code' }, { code: 4_700, reason: 'enough' }],
  ['a handler that throws', { text: 'throw' }, { code: 1011, reason: 'internal' }],
  ['a message to the caller that breaks the contract', { text: 'wrong' }, { code: 1011, reason: 'internal' }],
  ['a handler that writes', { text: 'write' }, { code: 1011, reason: 'internal' }],
  ['a message that breaks its schema', { text: 7 }, { code: 1007, reason: expect.stringMatching(/^message\.text: /) }],
  ['a message with an unknown key', { text: 'a', x: 1 }, { code: 1007, reason: expect.stringContaining('message') }],
  ['a message that is too long', { text: 'a'.repeat(2_000) }, { code: 1009, reason: expect.anything() }],
])('%s ends the connection', async (_what, message, expected) => {
  const { socket, closed } = await open('1')
  say(socket, message)
  expect(await closed).toEqual(expected)
})

it.each([
  ['is no JSON', 'hello'],
  ['has a name twice', '{"text":"a","text":"b"}'],
  ['is bytes', Uint8Array.of(1)],
])('1007 a message that %s', async (_what, message) => {
  const { socket, closed } = await open('1')
  socket.send(message)
  expect(await closed).toMatchObject({ code: 1007 })
})

it.each([
  ['4404 a declared failure', 'missing', { code: 4_404, reason: 'no_such_room' }],
  ['4403 what is not the caller’s', 'others', { code: 4_403, reason: 'forbidden' }],
])('%s', async (_what, room, expected) => {
  const { closed } = await open(room)
  expect(await closed).toEqual(expected)
})

it('1011 where the contract says `owner` and the handler did not ask: nothing is sent', async () => {
  const { socket, closed, messages } = await open('forgotten')
  say(socket, { text: 'hi' })
  expect([(await closed).code, messages]).toEqual([1011, []])
})

it('1001 when its time is over', async () => {
  const { closed } = await open('1', { of: briefFn, path: '/v1/brief' })
  expect(await closed).toMatchObject({ code: 1001 })
  await untilTrue(() => ended.includes('brief'))
})

it('a caller that is gone ends the messages, and aborts the signal', async () => {
  const { socket } = await open('1')
  socket.close()
  await untilTrue(() => ended.includes('messages') && ended.includes('1'))
})

it('401 without a signature, 403 without the scopes of a route, 426 without the wish to upgrade', async () => {
  expect((await open('1', { signed: false })).isOpen).toBe(false)
  const agent = await fn.as(ADA)
  const { status, headers } = await agent.get('/v1/rooms/1')
  expect([status, headers.upgrade]).toEqual([426, 'websocket'])
})
