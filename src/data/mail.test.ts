import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import { type Mail, mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { createLog, liveSetting, parseConfig } from 'ebb/kernel'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { mountSecret } from '../../test/support/mounted-secret.ts'
import { startSmtpServer } from '../../test/support/smtp-server.ts'
import { startTcpProxy } from '../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../test/support/until.ts'
import { createSmtpTransport } from './mail.ts'

const noted = event({ type: 'note.made', data: z.object({ text: z.string(), to: z.string(), mode: z.string() }) })
const contract = subscriber({ name: 'mail-note', summary: 'A test.', on: noted, timeoutMs: 3_000 })

let kept: Mail | undefined
const handler = implement(contract, { sql: postgres, mail }, async ({ event, data }, { sql, mail }) => {
  await mail.send({ ...{ messageId: `${event.id}@example.com`, from: 'a@example.com' }, ...data, subject: data.text })
  await sql`insert into notes (text) values (${data.text})`
  if (data.mode === 'throw') throw new Error('after the mail')
  if (data.mode === 'keep') kept = mail
})

const server = await startSmtpServer()
const proxy = await startTcpProxy({ host: '127.0.0.1', port: server.port })
const fn = testFunction(handler, { env: { SMTP_URL: `smtp://127.0.0.1:${proxy.port}` } })
beforeAll(() => fn.query('create table notes (text text)'))
afterAll(async () => {
  await proxy.close()
  await server.close()
})

const made = (text: string, { mode = '', to = 'b@example.com' } = {}) => ({
  ...{ id: randomUUID(), type: 'note.made', data: { text, to, mode } },
})
const rows = async (text: string) => (await fn.query('select from notes where text = $1', [text])).length
const mails = (text: string) => server.subjects.filter((subject) => subject === text).length

it('the mail server is the one that the file names at the time', async () => {
  const others = [await startSmtpServer(), await startSmtpServer()] as const
  const urlOf = ({ port }: { readonly port: number }) => `smtp://127.0.0.1:${port}`
  const secret = mountSecret({ url: urlOf(others[0]) })
  const config = parseConfig({ SMTP_URL_FILE: secret.file('url') })
  const log = createLog({ level: 'silent' })
  const deliver = mail.open(config, log)
  const signal = new AbortController().signal
  const send = (subject: string) => {
    const [from, to] = ['a@example.com', 'b@example.com']
    return mail.runEffect?.(
      deliver,
      { from, to, subject, text: '', messageId: `<${subject}@example.com>`, headers: {} },
      { signal },
    )
  }
  await send('first')
  secret.replace({ url: urlOf(others[1]) })
  await liveSetting(config, 'SMTP_URL', log).refresh()
  await send('second')
  expect(others.map(({ subjects }) => subjects)).toEqual([['first'], ['second']])
  secret.remove()
  for (const other of others) await other.close()
})

describe('a mail', () => {
  it('204 is sent after the commit, and once for an event that is delivered twice', async () => {
    const event = made('plain')
    for (const _ of [1, 2]) expect((await fn.deliver(event)).status).toBe(204)
    expect([await rows('plain'), mails('plain')]).toEqual([1, 1])
  })

  it('500 is not sent if the transaction rolls back', async () => {
    expect((await fn.deliver(made('rolled back', { mode: 'throw' }))).status).toBe(500)
    expect([await rows('rolled back'), mails('rolled back')]).toEqual([0, 0])
  })

  it('503 that could not be sent is sent by the next delivery, which has no other effect', async () => {
    const event = made('turned away')
    server.setBusy(true)
    expect((await fn.deliver(event)).status).toBe(503)
    expect([await rows('turned away'), mails('turned away')]).toEqual([1, 0])
    server.setBusy(false)
    for (const _ of [1, 2]) expect((await fn.deliver(event)).status).toBe(204)
    expect([await rows('turned away'), mails('turned away')]).toEqual([1, 1])
  })

  it('504 is given up at the deadline if the server does not respond', async () => {
    const event = made('silent')
    proxy.silence()
    expect((await fn.deliver(event)).status).toBe(504)
    expect([await rows('silent'), mails('silent')]).toEqual([1, 0])
    proxy.clear()
    expect((await fn.deliver(event)).status).toBe(204)
    expect([await rows('silent'), mails('silent')]).toEqual([1, 1])
  })

  it('422 that the server refuses permanently is not retried', async () => {
    const { status, body } = await fn.deliver(made('no such box', { to: 'unknown@example.com' }))
    expect([status, body.error]).toEqual([422, 'mail_refused'])
  })

  it('after the end of its request is refused', async () => {
    expect((await fn.deliver(made('last', { mode: 'keep' }))).status).toBe(204)
    const late = kept?.send({ messageId: 'x@y', from: 'a@b', to: 'c@d', subject: 'late', text: '' })
    await expect(late).rejects.toThrow('the request is over, so `mail` does nothing')
    expect(mails('late')).toBe(0)
  })
})

describe('an envelope that a mail server would refuse, or read differently', () => {
  const send = async (message: object, url?: string) => {
    const config = parseConfig({ EBB_MAIL_FOLDER: fn.mailFolder(), ...(url ? { SMTP_URL: url } : {}) })
    const rest = { messageId: '<a@example.com>', from: 'a@example.com', to: 'b@example.com', subject: 'x', text: '' }
    const deliver = mail.open(config, createLog({ level: 'silent' }))
    await mail.runEffect?.(deliver, { ...rest, ...message }, { signal: AbortSignal.timeout(60_000) })
  }
  const smtp = () => `smtp://127.0.0.1:${server.port}`
  const written = () => readdir(fn.mailFolder())

  it.each([
    [{ to: '' }, 'to'],
    [{ to: [] }, 'to'],
    [{ to: 'no-address' }, 'to'],
    [{ to: 'Eve, victim@y.example, x <one@x.example>' }, 'to'],
    [{ to: 'a@x.example, b@x.example' }, 'to'],
    [{ to: 'friends: a@x.example;' }, 'to'],
    [{ to: 'a@x.example\r\nBcc: b@x.example' }, 'to'],
    [{ to: { name: 'Eve\r\nBcc: b@x.example', address: 'a@x.example' } }, 'to'],
    [{ to: { name: 'Eve', address: 'a@x.example, b@x.example' } }, 'to'],
    [{ from: '' }, 'from'],
    [{ messageId: '<no id>' }, 'messageId'],
  ])('is refused by file and by SMTP: %j', async (message, field) => {
    const before = await written()
    const refusal = { code: 'mail_refused', status: 422, message: expect.stringContaining(`\`${field}\``) }
    await expect(send({ ...message, subject: 'refused' })).rejects.toMatchObject(refusal)
    await expect(send({ ...message, subject: 'refused' }, smtp())).rejects.toMatchObject(refusal)
    expect([await written(), mails('refused')]).toEqual([before, 0])
  })

  it('two ids are two files, and a name may contain anything', async () => {
    const to = [{ name: 'Eve, victim@y.example', address: 'one@x.example' }, 'Ada <two@x.example>']
    const long = 'l'.repeat(300)
    for (const id of ['order+1@x', 'order1@x', 'order/1@x', `${long}1@x`, `${long}2@x`])
      await send({ messageId: `<${id}>`, to })
    const files = (await written()).filter((file) => /^(order|l)/.test(file))
    expect(files).toHaveLength(5)
    const text = await readFile(join(fn.mailFolder(), 'order1@x.eml'), 'utf8')
    expect(text).toContain('To: "Eve, victim@y.example" <one@x.example>, Ada <two@x.example>')
  })
})

it('an endpoint that uses mail is refused, since nothing would retry it', () => {
  const write = endpoint({
    ...{ name: 'make-note', summary: 'A test.', method: 'POST', path: '/v1/notes' },
    reply: { status: 204 },
    access: {},
  })
  expect(() => implement(write, { sql: postgres, mail }, async () => {})).toThrow(
    "functions/make-note/contract.ts: `mail` acts after the commit, with an event's retries: emit an event",
  )
})

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(options?: { readonly connectTimeoutMs?: number; readonly responseTimeoutMs?: number }) {
  const server = await startSmtpServer()
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: server.port }, { slowMs: 150 })
  closers.push(server.close, proxy.close)
  const transport = createSmtpTransport(`smtp://127.0.0.1:${proxy.port}`, options)
  const send = (subject: string) =>
    transport.sendMail({ from: 'a@example.com', to: 'b@example.com', subject, text: '' })
  return { server, proxy, send }
}

it.each([
  ['before its greeting', { connectTimeoutMs: 300 }, 0],
  ['in the middle', { responseTimeoutMs: 300 }, 1],
] as const)(
  'a server that stops responding %s is given up, and its connection closed',
  async (_when, options, greeted) => {
    const { server, proxy, send } = await open(options)
    if (greeted) proxy.slow()
    else proxy.silence()
    const rejected = expect(send('lost')).rejects.toThrow(/timeout|never received/i)
    await untilTrue(() => proxy.firstWords.length === greeted, { what: 'a first word, if any' })
    proxy.silence()
    await rejected
    await untilTrue(() => proxy.connections() === 0, { what: 'no connection is left' })
    proxy.clear()
    await send('sent')
    expect(server.subjects).toEqual(['sent'])
  },
)

it('a server that is slow is waited for', async () => {
  const { server, proxy, send } = await open()
  proxy.slow()
  await send('late')
  expect(server.subjects).toEqual(['late'])
})
