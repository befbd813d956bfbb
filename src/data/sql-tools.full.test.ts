import { randomUUID } from 'node:crypto'
import { tracingChannel } from 'node:diagnostics_channel'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { sql as drizzleSql, eq, relations } from 'drizzle-orm'
import { bigint, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { endpoint, Problem } from 'ebb/contract'
import { postgres, type Sql } from 'ebb/data'
import { drizzle } from 'ebb/drizzle'
import { implement, type Uses } from 'ebb/http'
import { kysely } from 'ebb/kysely'
import { POSTGRES_CHANNEL, type Statement } from 'ebb/telemetry'
import { testFunction } from 'ebb/testing'
import { CamelCasePlugin, sql as kyselySql } from 'kysely'
import * as z from 'zod'
import { untilTrue } from '../../test/support/until.ts'

interface Tables {
  readonly notes: { readonly id: number; readonly text: string; readonly seenAt: string | null; readonly meta: unknown }
}
const notes = pgTable('notes', {
  id: integer().primaryKey(),
  text: text().notNull(),
  seenAt: timestamp('seen_at', { withTimezone: true }),
  localAt: timestamp('local_at'),
  meta: jsonb(),
  large: bigint({ mode: 'bigint' }),
  tags: text().array(),
})
const links = pgTable('links', { noteId: integer('note_id').notNull(), url: text().notNull() })
const schema = {
  notes,
  links,
  notesToLinks: relations(notes, ({ many }) => ({ links: many(links) })),
  linksToNotes: relations(links, ({ one }) => ({
    note: one(notes, { fields: [links.noteId], references: [notes.id] }),
  })),
}

/** What both are asked to do. */
interface Tool {
  insert(id: number, text: string): Promise<unknown>
  texts(): Promise<readonly string[]>
  raw(statement: string): Promise<unknown>
  transaction(work: (tool: Tool) => Promise<unknown>, options?: 'serializable'): Promise<unknown>
}

type FromUses<U extends Uses> = U extends Readonly<Record<'db', { bind(...args: never): infer T }>> ? T : never

const withKysely = { sql: postgres, db: kysely<Tables>({ plugins: [new CamelCasePlugin()] }) }
const withDrizzle = { db: drizzle({ schema }), sql: postgres }

const kyselyTool = (db: FromUses<typeof withKysely>): Tool => ({
  insert: (id, text) => db.insertInto('notes').values({ id, text, seenAt: null, meta: null }).execute(),
  texts: async () => (await db.selectFrom('notes').select('text').orderBy('id').execute()).map(({ text }) => text),
  raw: (statement) => kyselySql.raw(statement).execute(db),
  transaction: (work, level) =>
    (level ? db.transaction().setIsolationLevel(level) : db.transaction()).execute((tx) => work(kyselyTool(tx))),
})
type Drizzle = Pick<FromUses<typeof withDrizzle>, 'insert' | 'select' | 'execute' | 'transaction'>
const drizzleTool = (db: Drizzle): Tool => ({
  insert: (id, text) => db.insert(notes).values({ id, text }),
  texts: async () => (await db.select().from(notes).orderBy(notes.id)).map(({ text }) => text),
  raw: (statement) => db.execute(drizzleSql.raw(statement)),
  transaction: (work, isolationLevel) =>
    db.transaction((tx) => work(drizzleTool(tx)), isolationLevel && { isolationLevel }),
})

type Scenario = (tool: Tool, sql: Sql) => Promise<unknown>
let scenario: Scenario

const shared = { summary: 'A test.', access: {}, timeoutMs: 5_000 } as const
const reply = { status: 200, body: z.object({ result: z.unknown() }) } as const
const writing = endpoint({
  ...{ ...shared, reply, name: 'write-notes', method: 'POST', path: '/v1/notes', idempotent: true },
  ...{ body: z.object({}), failures: { refused: 409 } },
})
const reading = endpoint({ ...shared, reply, name: 'read-notes', method: 'GET', path: '/v1/notes' })
const hurried = endpoint({
  ...shared,
  reply,
  name: 'hurry',
  method: 'POST',
  path: '/v1/hurry',
  body: z.object({}),
  timeoutMs: 300,
})

const run = async (tool: Tool, sql: Sql) => ({ result: (await scenario(tool, sql)) ?? null })
const byKysely = {
  write: testFunction(implement(writing, withKysely, (_, { db, sql }) => run(kyselyTool(db), sql))),
  read: testFunction(implement(reading, withKysely, (_, { db, sql }) => run(kyselyTool(db), sql))),
  hurry: testFunction(implement(hurried, withKysely, (_, { db, sql }) => run(kyselyTool(db), sql))),
}
const byDrizzle = {
  write: testFunction(implement(writing, withDrizzle, (_, { db, sql }) => run(drizzleTool(db), sql))),
  read: testFunction(implement(reading, withDrizzle, (_, { db, sql }) => run(drizzleTool(db), sql))),
  hurry: testFunction(implement(hurried, withDrizzle, (_, { db, sql }) => run(drizzleTool(db), sql))),
}

const CREATE = `
  create table notes (id int primary key, text text not null, seen_at timestamptz, local_at timestamp, meta jsonb, large int8, tags text[]);
  create table links (note_id int not null, url text not null);
  grant all on notes, links to ebb_functions`
beforeAll(async () => {
  for (const fn of [byKysely, byDrizzle].flatMap((one) => Object.values(one))) await fn.query(CREATE)
})

/** A sentence in which a statement of the handler has failed. */
const refusalOf = (work: Promise<unknown>) => work.then(String, (error: unknown) => String(error))

describe.each([
  ['kysely', byKysely],
  ['drizzle', byDrizzle],
])('%s', (_name, fns) => {
  const call = async (fn: 'write' | 'read' | 'hurry', given: Scenario, key: string = randomUUID()) => {
    scenario = given
    const caller = await fns[fn].as({ sub: 'ada' })
    if (fn === 'read') return caller.get('/v1/notes')
    return caller
      .post(fn === 'write' ? '/v1/notes' : '/v1/hurry')
      .set('Idempotency-Key', key)
      .send({})
  }
  const stored = async () =>
    (await fns.write.query<{ text: string }>('select text from notes order by id')).map(({ text }) => text)
  beforeEach(async () => {
    for (const fn of Object.values(fns)) await fn.query('delete from notes')
  })

  it('works in the transaction of `sql`: both see what the other wrote, and one COMMIT stores both', async () => {
    const texts: string[] = []
    const note = (statement: unknown) => void texts.push((statement as Statement).text)
    const channel = tracingChannel(POSTGRES_CHANNEL)
    channel.start.subscribe(note)
    const { status, body } = await call('write', async (tool, sql) => {
      await sql`insert into notes (id, text) values (1, 'by sql')`
      await tool.insert(2, 'by the tool')
      return [await tool.texts(), await sql`select id from notes order by id`]
    })
    channel.start.unsubscribe(note)
    const both = ['by sql', 'by the tool']
    expect([status, body]).toEqual([200, { result: [both, [{ id: 1 }, { id: 2 }]] }])
    expect(await stored()).toEqual(both)
    // Each statement is seen by traces and metrics.
    expect(texts.filter((text) => /^insert into "?notes/.test(text))).toHaveLength(2)
    expect(texts.filter((text) => /^commit/.test(text))).toHaveLength(1)
  })

  it('stores nothing where the handler throws, and says what its key has said before', async () => {
    const key = randomUUID()
    const fails: Scenario = async (tool) => {
      await tool.insert(1, 'never')
      throw new Error('the handler fails')
    }
    expect((await call('write', fails, key)).status).toBe(500)
    expect(await stored()).toEqual([])
    const once =
      (id: number, text: string): Scenario =>
      async (tool) =>
        void (await tool.insert(id, text))
    expect((await call('write', once(1, 'once'), key)).status).toBe(200)
    expect((await call('write', once(2, 'twice'), key)).status).toBe(200)
    expect(await stored()).toEqual(['once'])
  })

  it('has savepoints for transactions: one that throws is undone, and the handler goes on', async () => {
    const { body } = await call('write', async (tool) => {
      await tool.insert(1, 'before')
      await tool.transaction((inner) => inner.insert(2, 'kept'))
      const why = await refusalOf(
        tool.transaction(async (inner) => {
          await inner.insert(3, 'undone')
          await inner.insert(1, 'a second time')
        }),
      )
      await tool.insert(4, 'after')
      return why
    })
    expect(body.result).toContain('duplicate key value')
    expect(await stored()).toEqual(['before', 'kept', 'after'])
  })

  it('refuses a transaction of which a statement had failed and the tool went on, and undoes it', async () => {
    const { body } = await call('write', async (tool) => {
      const why = await refusalOf(
        tool.transaction(async (inner) => {
          await inner.insert(1, 'undone')
          await refusalOf(inner.insert(1, 'a second time'))
        }),
      )
      await tool.insert(2, 'after')
      return why
    })
    expect(body.result).toContain('current transaction is aborted')
    expect(await stored()).toEqual(['after'])
  })

  it.each<[string, Scenario, string | RegExp]>([
    ['BEGIN', (tool) => tool.raw('begin'), "a handler's statement cannot be BEGIN"],
    ['COMMIT', (tool) => tool.raw('commit'), "a handler's statement cannot be COMMIT"],
    ['ROLLBACK', (tool) => tool.raw('rollback'), "a handler's statement cannot be ROLLBACK"],
    ['an isolation level', (tool) => tool.transaction(async () => {}, 'serializable'), 'has no isolation level'],
    [
      'a statement beside an open transaction()',
      (tool) => tool.transaction(() => tool.insert(1, 'beside')),
      'a transaction\\(\\) is open',
    ],
    [
      'a second transaction() beside it',
      (tool) => tool.transaction(() => tool.transaction(async () => {})),
      'a transaction\\(\\) is open',
    ],
    [
      'a statement after the end of its transaction()',
      async (tool) => {
        let left: Tool | undefined
        await tool.transaction(async (inner) => {
          left = inner
        })
        return left?.insert(1, 'after')
      },
      /has ended|already committed/,
    ],
  ])('refuses %s, and stores nothing of it', async (_what, given, sentence) => {
    const { status, body } = await call('write', (tool, sql) => refusalOf(given(tool, sql)))
    expect([status, body.result]).toEqual([200, expect.stringMatching(sentence)])
    expect(await stored()).toEqual([])
  })

  it('sends no second statement in one text: 500, and nothing is stored', async () => {
    expect((await call('write', (tool) => tool.raw(`insert into notes values (1, 'a'); commit`))).status).toBe(500)
    expect(await stored()).toEqual([])
  })

  it('cannot write in a request that only reads, and has no transaction there', async () => {
    const insert = await call('read', (tool) => refusalOf(tool.insert(1, 'never')))
    expect(insert.body.result).toContain('a request that only reads (GET, HEAD, or `reads: true`) cannot write')
    const begin = await call('read', (tool) => refusalOf(tool.transaction((inner) => inner.texts())))
    expect(begin.body.result).toContain('for reads that must agree with each other use sql.snapshot')
    await fns.read.query(`insert into notes (id, text) values (1, 'there')`)
    expect((await call('read', (tool) => tool.texts())).body.result).toEqual(['there'])
  })

  it('runs no statement after the end of its handler', async () => {
    let late: Promise<string> | undefined
    const over = Promise.withResolvers<void>()
    const { status } = await call('write', async (tool) => {
      late = over.promise.then(() => refusalOf(tool.insert(1, 'late')))
    })
    over.resolve()
    expect([status, await late]).toEqual([200, expect.stringContaining('the request is over')])
    expect(await stored()).toEqual([])
  })

  it('ends with the deadline: 504, the statement is cancelled', async () => {
    expect((await call('hurry', (tool) => tool.raw('select pg_sleep(60)'))).status).toBe(504)
    const sleeping = `select from pg_stat_activity where query ~ '^select pg_sleep' and state = 'active'`
    await untilTrue(async () => (await fns.hurry.query(sleeping)).length === 0, { what: 'the statement is cancelled' })
  })

  it('passes on what decides on the response: 503 where another transaction was first', async () => {
    let attempts = 0
    const { status, body } = await call('write', async (tool) => {
      attempts++
      await tool.raw(`do $$ begin raise exception 'first' using errcode = '40001'; end $$`)
    })
    expect([status, body.error, attempts]).toEqual([503, 'unavailable', 2])
  })

  it('shows an error of Postgres as itself, without the values', async () => {
    let caught: unknown
    await call('write', async (tool) => {
      await tool.insert(1, 'a secret')
      caught = await tool.insert(1, 'a secret').catch((error: unknown) => error)
      throw caught
    })
    expect(Object(caught).code).toBe('23505')
    expect([String(caught), caught instanceof Problem]).toEqual([expect.not.stringContaining('a secret'), false])
  })
})

const valuesByKysely = endpoint({
  ...shared,
  reply,
  name: 'kysely-values',
  method: 'POST',
  path: '/v1/values',
  body: z.object({}),
})
let ask: (db: FromUses<typeof withKysely>) => Promise<unknown>
const kyselyValues = testFunction(
  implement(valuesByKysely, withKysely, async (_, { db }) => ({ result: (await ask(db)) ?? null })),
)
let askDrizzle: (db: FromUses<typeof withDrizzle>) => Promise<unknown>
const drizzleValues = testFunction(
  implement(valuesByKysely, withDrizzle, async (_, { db }) => ({ result: (await askDrizzle(db)) ?? null })),
)

describe('values', () => {
  beforeAll(async () => {
    for (const fn of [kyselyValues, drizzleValues]) await fn.query(CREATE)
  })
  const post = async (fn: typeof kyselyValues) => (await (await fn.as({ sub: 'ada' })).post('/v1/values').send({})).body

  it('come by Kysely as by `sql`, under the names of its plugins, with the numbers of rows', async () => {
    ask = async (db) => {
      const row = { id: 1, text: 'one', seenAt: '2026-01-02T03:04:05.000006Z', meta: { list: [1, 'two'] } }
      await db.insertInto('notes').values(row).execute()
      const found = await db.selectFrom('notes').select(['seenAt', 'meta']).executeTakeFirstOrThrow()
      const { numUpdatedRows } = await db.updateTable('notes').set({ text: 'two' }).executeTakeFirst()
      const both = await refusalOf(kyselySql`select 1 as n, 2 as n`.execute(db))
      const stream = await refusalOf(db.selectFrom('notes').selectAll().stream().next())
      return { found, updated: Number(numUpdatedRows), both, stream }
    }
    expect(await post(kyselyValues)).toEqual({
      result: {
        found: { seenAt: '2026-01-02T03:04:05.000006Z', meta: { list: [1, 'two'] } },
        updated: 1,
        both: expect.stringContaining('two columns would both be n in a row'),
        stream: expect.stringContaining('cannot stream by Kysely'),
      },
    })
  })

  it('come by Drizzle as its columns say, relations too', async () => {
    const at = new Date('2026-01-02T03:04:05.006Z')
    const row = { id: 1, text: 'one', seenAt: at, localAt: at, large: 9007199254740991n, tags: ['a', 'b, "c"'] }
    let found: unknown[] = []
    askDrizzle = async (db) => {
      for (const [id, meta] of [{ list: [1] }, '5', 'text', 5, null, [['"']]].entries())
        await db.insert(notes).values({ ...row, id, meta })
      await db.insert(links).values({ noteId: 1, url: 'https://example.com' })
      found = await db.query.notes.findMany({ with: { links: true }, orderBy: notes.id })
      const joined = await db.select().from(notes).innerJoin(links, eq(links.noteId, notes.id))
      return joined.map(({ notes, links }) => [notes.meta, links.url])
    }
    expect(await post(drizzleValues)).toEqual({ result: [['5', 'https://example.com']] })
    expect(found).toEqual(
      [{ list: [1] }, '5', 'text', 5, null, [['"']]].map((meta, id) => ({
        ...{ ...row, id, meta },
        links: id === 1 ? [{ noteId: 1, url: 'https://example.com' }] : [],
      })),
    )
  })
})
