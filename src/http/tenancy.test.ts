import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const ada = { sub: 'ada', tenant: 'acme' }
const namesake = { sub: 'ada', tenant: 'globex' }

const noteWritten = event({ type: 'note.written', data: z.object({ text: z.string() }) })

const writeNote = implement(
  endpoint({
    ...({ name: 'write-note', summary: 'Write a note.', method: 'POST', path: '/v1/notes', idempotent: true } as const),
    ...({ tenancy: true, access: {}, emits: { 'note.written': noteWritten } } as const),
    body: z.object({ text: z.string() }),
    reply: { status: 201, body: z.object({ text: z.string(), tenant: z.string() }) },
  }),
  { sql: postgres },
  async ({ body: { text } }, { sql, emit }) => {
    await emit('note.written', { text })
    const note = await sql.one<{ text: string; tenant: string }>`
      insert into notes (text) values (${text}) returning text, tenant`
    return note ?? { text: '', tenant: '' }
  },
)

describe('an endpoint with tenancy', () => {
  const fn = testFunction(writeNote)
  const write = async (caller: { sub: string; tenant?: string }, key: string = randomUUID(), text = 'hello') =>
    (await fn.as(caller)).post('/v1/notes').set('Idempotency-Key', key).send({ text })
  beforeAll(() =>
    fn.query(
      `create table notes (text text); select ebb.make_tenant_table('notes'); grant insert, select on notes to ebb_functions`,
    ),
  )

  it('403 tenant_required for a caller without a tenant', async () => {
    const { status, body } = await write({ sub: 'ada' })
    expect([status, body.error]).toEqual([403, 'tenant_required'])
  })

  it('201 for one with a tenant, whose row and event are that tenant’s', async () => {
    const { status, body } = await write(ada)
    expect([status, body]).toEqual([201, { text: 'hello', tenant: 'acme' }])
    expect(await fn.query('delete from ebb.outbox returning tenant, caller_id')).toEqual([
      { tenant: 'acme', caller_id: 'ada' },
    ])
  })

  it('201 twice for one key of two callers who share a subject', async () => {
    const key = randomUUID()
    const answers = [await write(ada, key), await write(namesake, key), await write(ada, key)]
    expect(answers.map(({ status, body, headers }) => [status, body.tenant, headers['idempotency-replayed']])).toEqual([
      [201, 'acme', undefined],
      [201, 'globex', undefined],
      [201, 'acme', 'true'],
    ])
  })

  it('no statement of a function chooses the tenant of an event', async () => {
    const columns = await fn.query<{ may: boolean }>(
      `select has_column_privilege('ebb_functions', 'ebb.outbox', 'tenant', 'insert') as may`,
    )
    expect(columns).toEqual([{ may: false }])
  })
})

describe('a subscriber with tenancy', () => {
  const fn = testFunction(
    implement(
      subscriber({ name: 'copy-note', summary: 'Copy a note.', on: noteWritten, tenancy: true }),
      { sql: postgres },
      async ({ event: { tenant }, data: { text } }, { sql, caller }) => {
        await sql`insert into copies (text, said) values (${text}, ${`${tenant} ${caller.tenant}`})`
      },
    ),
  )
  beforeAll(() =>
    fn.query(
      `create table copies (text text, said text); select ebb.make_tenant_table('copies'); grant insert on copies to ebb_functions`,
    ),
  )

  it('204 in the transaction of the event’s tenant', async () => {
    const { status } = await fn.deliver({ type: 'note.written', data: { text: 'hello' } }, { tenant: 'acme' })
    expect([status, await fn.query('select * from copies')]).toEqual([
      204,
      [{ text: 'hello', said: 'acme acme', tenant: 'acme' }],
    ])
  })

  it('403 tenant_required for an event without one', async () => {
    const { status, body } = await fn.deliver({ type: 'note.written', data: { text: 'hello' } })
    expect([status, body.error]).toEqual([403, 'tenant_required'])
  })
})

describe('own()', () => {
  const shape = {
    ...({ summary: 'Look at it.', method: 'GET', access: { owner: true, scopes: ['things:read'] } } as const),
    query: z.object({ sub: z.string(), tenant: z.string().optional(), pair: z.boolean().default(false) }),
    reply: { status: 200, body: z.object({}) },
  } as const
  const within = testFunction(
    implement(
      endpoint({ ...shape, name: 'look-within', path: '/v1/things', tenancy: true }),
      {},
      async ({ query }, { own }) => {
        own(query.pair ? { sub: query.sub, tenant: query.tenant } : query.sub)
        return {}
      },
    ),
  )
  const outside = testFunction(
    implement(endpoint({ ...shape, name: 'look-outside', path: '/v1/things' }), {}, async ({ query }, { own }) => {
      own(query.pair ? { sub: query.sub, tenant: query.tenant } : query.sub)
      return {}
    }),
  )
  const scopes = ['things:read']
  const PAIR = 'pair=true&sub=ada'

  it.each([
    ['a subject is one of the caller’s tenant', within, ada, 'sub=ada', 200],
    ['another subject', within, ada, 'sub=bob', 403],
    ['a subject of the same tenant', within, ada, `${PAIR}&tenant=acme`, 200],
    ['the same subject of another tenant', within, ada, `${PAIR}&tenant=globex`, 403],
    ['another tenant, whatever the scopes', within, { ...ada, scopes }, `${PAIR}&tenant=globex`, 403],
    ['another subject, with the scopes', within, { ...ada, scopes }, 'sub=bob', 200],
    [
      'another subject of the tenant, with the scopes',
      within,
      { ...ada, scopes },
      'pair=true&sub=bob&tenant=acme',
      200,
    ],
    ['without tenancy: a subject is of no tenant', outside, ada, 'sub=ada', 403],
    ['without tenancy: a subject, and a caller of none', outside, { sub: 'ada' }, 'sub=ada', 200],
    [
      'without tenancy: the same subject of a tenant, and a caller of none',
      outside,
      { sub: 'ada' },
      `${PAIR}&tenant=acme`,
      403,
    ],
    ['without tenancy: a subject of no tenant, and a caller of one', outside, ada, PAIR, 403],
    ['without tenancy: a subject of the tenant', outside, ada, `${PAIR}&tenant=acme`, 200],
    [
      'without tenancy: an operator of none, with the scopes',
      outside,
      { sub: 'eve', scopes },
      `${PAIR}&tenant=acme`,
      200,
    ],
    ['without tenancy: another tenant, whatever the scopes', outside, { ...ada, scopes }, `${PAIR}&tenant=globex`, 403],
  ] as const)('%s', async (_name, fn, caller, query, status) => {
    expect((await (await fn.as(caller)).get(`/v1/things?${query}`)).status).toBe(status)
  })
})
