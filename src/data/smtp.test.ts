import { afterEach, expect, it } from '@jest/globals'
import { startSmtpServer } from '../../test/support/smtp-server.ts'
import { startTcpProxy } from '../../test/support/tcp-proxy.ts'
import { untilTrue } from '../../test/support/until.ts'
import { createSmtpTransport } from './smtp.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(options?: { readonly connectMs?: number; readonly answerMs?: number }) {
  const server = await startSmtpServer()
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: server.port }, { slowMs: 150 })
  closers.push(server.close, proxy.close)
  const transport = createSmtpTransport(`smtp://127.0.0.1:${proxy.port}`, options)
  const send = (subject: string) =>
    transport.sendMail({ from: 'a@example.com', to: 'b@example.com', subject, text: '' })
  return { server, proxy, send }
}

it.each([
  ['before its greeting', { connectMs: 300 }, 0],
  ['in the middle', { answerMs: 300 }, 1],
] as const)('a server that falls silent %s is given up, with its connection', async (_when, options, greeted) => {
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
})

it('a server that is slow is waited for', async () => {
  const { server, proxy, send } = await open()
  proxy.slow()
  await send('late')
  expect(server.subjects).toEqual(['late'])
})
