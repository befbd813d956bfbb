import { describe, expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { PURGES_CHANNEL } from '../data/outbox.ts'
import { openListener } from '../data/postgres/listener.ts'
import { createLog } from '../kernel/index.ts'

const ada = { sub: 'ada', scopes: ['things:write'] }
const access = { scopes: ['things:write'] }
const reply = { status: 200, body: z.object({ id: z.string() }) }

describe('purge', () => {
  const contract = endpoint({
    ...{ name: 'rename-thing', summary: 'Rename a thing.', method: 'POST', path: '/v1/things/{id}', access, reply },
    params: z.object({ id: z.string() }),
    body: z.object({ next: z.enum(['return', 'fail', 'throw', 'break']) }),
    failures: { taken: 409 },
    idempotent: true,
  })
  let databaseUrl = ''
  const fn = testFunction(
    implement(contract, { sql: postgres }, async ({ params: { id }, body: { next } }, { purge, fail, sql }) => {
      purge(`thing:${id}`, 'things')
      purge('things')
      if (next === 'fail') throw fail('taken', 'This name is taken.')
      if (next === 'throw') throw new Error('broken')
      if (next === 'break') await sql`select 1 / 0`.catch(() => [])
      return { id }
    }),
    { through: async (url) => (databaseUrl = url) },
  )
  const call = async (next: string, key = next) =>
    (await fn.as(ada)).post('/v1/things/%C3%A4,7').set('Idempotency-Key', key).send({ next })

  it('200 purges each tag once, also where the request comes again', async () => {
    for (let i = 0; i < 2; i++) expect((await call('return')).status).toBe(200)
    expect(await fn.purged()).toEqual(['thing:ä,7', 'things'])
    expect(await fn.purged()).toEqual([])
  })

  it.each([
    ['fail', 409],
    ['throw', 500],
    ['break', 500],
  ])('where the handler does %s: %d, and nothing is purged', async (next, status) => {
    expect((await call(next)).status).toBe(status)
    expect(await fn.purged()).toEqual([])
  })

  it('gateways are told after the commit', async () => {
    const [told, up] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()]
    const log = createLog({ level: 'silent' })
    const listener = { onNotify: told.resolve, onUp: up.resolve, log }
    const channel = openListener(databaseUrl, [PURGES_CHANNEL], listener)
    await up.promise
    expect((await call('return', 'another')).status).toBe(200)
    expect(await told.promise).toBe(PURGES_CHANNEL)
    await channel.close()
  })
})

describe('purge in a subscriber', () => {
  const moved = event({ type: 'thing.moved', data: z.object({ id: z.string() }) })
  const contract = subscriber({ name: 'forget-thing', summary: 'Forget a thing.', on: moved })
  const fn = testFunction(
    implement(contract, { sql: postgres }, async ({ data: { id } }, { purge }) => purge(`thing:${id}`)),
  )

  it('2xx purges once, however often the event is delivered', async () => {
    for (let i = 0; i < 2; i++)
      expect((await fn.deliver({ type: 'thing.moved', data: { id: '7' }, id: 'one' })).status).toBeLessThan(300)
    expect(await fn.purged()).toEqual(['thing:7'])
  })
})

describe('where there is nothing to purge with', () => {
  const write = endpoint({
    ...{ name: 'write-thing', summary: 'Write a thing.', method: 'POST', path: '/v1/things', access, reply },
  })
  const read = endpoint({
    ...{ name: 'read-thing', summary: 'Read a thing.', method: 'GET', path: '/v1/things', access, reply },
  })
  const purge = (context: object) => (context as { purge: (tag: string) => void }).purge('thing:7')
  const writing = testFunction(
    implement(write, {}, async (_input, context) => {
      purge(context)
      return { id: '7' }
    }),
  )
  const reading = testFunction(
    implement(read, { sql: postgres }, async (_input, context) => {
      purge(context)
      return { id: '7' }
    }),
  )

  it('500 without a transaction, and in a handler that only reads', async () => {
    expect((await (await writing.as(ada)).post('/v1/things')).status).toBe(500)
    expect((await (await reading.as(ada)).get('/v1/things')).status).toBe(500)
    expect(await reading.purged()).toEqual([])
  })
})
