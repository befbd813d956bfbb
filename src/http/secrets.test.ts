import { beforeAll, expect, it } from '@jest/globals'
import { endpoint, event } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { registerSecrets } from '../kernel/redact.ts'

const VALUE = 'sk_live_0123"456789'
const paid = event({ type: 'bill.paid', data: z.object({ note: z.string(), any: z.unknown() }) })
const contract = endpoint({
  ...{ name: 'pay-bill', summary: 'A test.', method: 'POST', path: '/v1/bills', access: {} },
  body: z.object({ how: z.string() }),
  reply: { status: 200, body: z.object({ text: z.unknown() }) },
  ...{ failures: { declined: 409 }, secrets: ['PAY_KEY'], emits: { 'bill.paid': paid } },
})

const handler = implement(contract, { sql: postgres }, async ({ body }, { sql, secrets, emit, fail }) => {
  await sql`insert into tried (how) values (${body.how})`
  const value = secrets.PAY_KEY.reveal()
  const ways: Readonly<Record<string, () => unknown>> = {
    ok: () => value.length,
    secret: () => secrets.PAY_KEY,
    reply: () => ({ deep: [`the key is ${value}`] }),
    fail: () => fail('declined', `They say: ${value} is not good.`),
    error: () => {
      throw new Error(`no ${value}`)
    },
    emit: () => emit('bill.paid', { note: `by ${value}`, any: 1 }),
    subject: () => emit('bill.paid', { note: '', any: 1 }, { subject: value }),
    hidden: () => emit('bill.paid', { note: '', any: secrets.PAY_KEY }),
  }
  return { text: await ways[body.how]?.() }
})
const fn = testFunction(handler, { env: { PAY_KEY: VALUE, EBB_SHOW_FAULTS: 'true' } })
beforeAll(async () => {
  registerSecrets(VALUE)
  await fn.query('create table tried (how text)')
})
const ask = async (how: string) => (await fn.as({ sub: 'ada' })).post('/v1/bills').send({ how })
const rowsOf = (how: string) => fn.query('select from tried where how = $1', [how])

it('200 a handler has its value, and a secret in a reply is hidden', async () => {
  expect((await ask('ok')).body).toEqual({ text: VALUE.length })
  expect((await ask('secret')).body).toEqual({ text: '[redacted]' })
})

it.each(['reply', 'emit', 'subject'])('500 a value in a %s is refused, with no effect', async (how) => {
  const { status, text } = await ask(how)
  expect([status, text.includes('0123')]).toEqual([500, false])
  expect([await rowsOf(how), await fn.query('select from ebb.outbox')]).toEqual([[], []])
})

it.each([
  ['fail', 409],
  ['error', 500],
])('%s a value in its message is hidden', async (how, expected) => {
  const { status, text } = await ask(how)
  expect([status, text.includes('0123')]).toEqual([expected, false])
})

it('200 a secret in an event is hidden', async () => {
  expect((await ask('hidden')).status).toBe(200)
  expect(await fn.query('select payload from ebb.outbox')).toEqual([{ payload: { note: '', any: '[redacted]' } }])
})
