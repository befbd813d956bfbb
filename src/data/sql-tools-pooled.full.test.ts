import { randomUUID } from 'node:crypto'
import { beforeAll, expect, it } from '@jest/globals'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { drizzle } from 'ebb/drizzle'
import { implement } from 'ebb/http'
import { kysely } from 'ebb/kysely'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { pgbouncer, testPgBouncer } from '../../test/support/pgbouncer.ts'
import { describeWhere } from '../../test/support/requirements.ts'
import { endpoint } from '../contract/public.ts'

const CALLERS = 30
const notes = pgTable('notes', { id: integer().primaryKey(), text: text().notNull() })
interface Tables {
  readonly notes: { readonly id: number; readonly text: string }
}

const contract = endpoint({
  ...{ name: 'write-notes', summary: 'A test.', method: 'POST', path: '/v1/notes', access: {}, idempotent: true },
  body: z.object({ id: z.int() }),
  reply: { status: 200, body: z.object({ text: z.string() }) },
})

describeWhere(pgbouncer ? undefined : 'no pgbouncer on PATH')('behind PgBouncer in transaction mode', () => {
  const options = { env: { EBB_POOL_MAX: '20' }, through: testPgBouncer({ poolSize: 3 }) }
  const byKysely = testFunction(
    implement(contract, { db: kysely<Tables>() }, async ({ body: { id } }, { db }) => {
      await db.insertInto('notes').values({ id, text: 'outer' }).execute()
      await db
        .transaction()
        .execute((inner) => inner.updateTable('notes').set({ text: 'inner' }).where('id', '=', id).execute())
      return db.selectFrom('notes').select('text').where('id', '=', id).executeTakeFirstOrThrow()
    }),
    options,
  )
  const byDrizzle = testFunction(
    implement(contract, { db: drizzle({ schema: { notes } }) }, async ({ body: { id } }, { db }) => {
      await db.insert(notes).values({ id, text: 'outer' })
      await db.transaction((inner) => inner.insert(notes).values({ id: id + 1_000, text: 'inner' }))
      const [found] = await db.select({ text: notes.text }).from(notes)
      return { text: found ? 'inner' : 'none' }
    }),
    options,
  )
  beforeAll(async () => {
    for (const fn of [byKysely, byDrizzle])
      await fn.query('create table notes (id int primary key, text text not null); grant all on notes to ebb_functions')
  })

  it.each([
    ['kysely', byKysely, CALLERS],
    ['drizzle', byDrizzle, 2 * CALLERS],
  ])('%s writes for more callers than there are connections, each in its own transaction', async (_, fn, rows) => {
    const write = async (id: number) =>
      (await fn.as({ sub: 'ada' })).post('/v1/notes').set('Idempotency-Key', randomUUID()).send({ id })
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, id) => write(id)))
    expect(answers.map(({ status, body }) => [status, body.text])).toEqual(answers.map(() => [200, 'inner']))
    const [counted] = await fn.query<{ count: number }>('select count(*)::int as count from notes')
    expect(counted?.count).toBe(rows)
    // One that fails leaves nothing, and its connection serves the next.
    expect((await write(0)).status).toBe(500)
    expect((await write(CALLERS)).status).toBe(200)
  })
})
