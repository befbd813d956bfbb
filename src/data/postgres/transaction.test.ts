import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { postgres, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { untilTrue } from '../../../test/support/until.ts'

const Ask = z.object({ mode: z.string(), text: z.string() })
const shared = {
  ...({ summary: 'A test.', method: 'POST', body: Ask, access: {}, timeoutMs: 60_000 } as const),
  ...({ reply: { status: 200, body: z.object({ found: z.array(z.string()) }) }, failures: { refused: 409 } } as const),
}

/** What handlers of earlier requests have kept, which they should not. */
const kept = new Map<string, Sql>()
const later = new Map<string, () => void>()
const outcomes: Record<string, string> = {}
const noted = (mode: string, statement: Promise<unknown>) =>
  void statement.then(
    () => {
      outcomes[mode] = 'ran'
    },
    (error: Error) => {
      outcomes[mode] = error.message
    },
  )

const write = endpoint({ ...shared, name: 'write-late', path: '/v1/late', idempotent: true })
const writer = testFunction(
  implement(write, { sql: postgres }, async ({ body: { mode, text } }, { sql, fail }) => {
    const insert = () => sql`insert into notes (text) values (${text})`
    if (mode === 'keep') kept.set(text, sql)
    const theirs = kept.get('ada') ?? sql
    if (mode === 'stray') await theirs`insert into notes (text) values (${text})`.catch(() => {})
    if (mode === 'forgotten') {
      void sql`insert into notes (text) select ${text} from pg_sleep(0.2)`
      return { found: [] }
    }
    if (mode === 'one of two') await Promise.all([insert(), sql`select 1 / 0`, sql`select pg_sleep(0.1)`])
    if (mode === 'refused')
      await Promise.all([Promise.reject(fail('refused', 'No.')), insert(), sql`select pg_sleep(0.1)`])
    if (mode === 'timer') later.set(text, () => noted(text, insert()))
    if (mode === 'late catch') {
      const failing = sql`select 1 / 0`
      await new Promise((resolve) => setTimeout(resolve, 50))
      await failing.catch(() => {})
    }
    if (mode === 'two in one') await sql`insert into notes (text) values ('two in one'); select 1`
    if (mode === 'plain') await insert()
    return { found: (await sql<{ text: string }>`select text from notes where text = ${text}`).map((row) => row.text) }
  }),
  { env: { EBB_POOL_MAX: '1' } },
)

beforeAll(() => writer.query('create table notes (text text)'))
const stored = async (text: string) => (await writer.query('select from notes where text = $1', [text])).length
const ask = async (mode: string, text = mode, sub = 'ada') =>
  (await writer.as({ sub })).post('/v1/late').set('Idempotency-Key', `${mode} ${text}`).send({ mode, text })

describe('a statement belongs to its request, on a pool of one connection', () => {
  it('500 for one that is never awaited, and nothing is stored', async () => {
    expect((await ask('forgotten')).status).toBe(500)
    expect((await ask('plain', 'after')).status).toBe(200)
    expect(await stored('forgotten')).toBe(0)
  })

  it('500 where one of several fails, and nothing is stored, now or with the next request', async () => {
    expect((await ask('one of two')).status).toBe(500)
    expect((await ask('plain', 'next')).status).toBe(200)
    expect(await stored('one of two')).toBe(0)
  })

  it('409 where a declared failure comes first, and nothing is stored', async () => {
    expect((await ask('refused')).status).toBe(409)
    expect(await stored('refused')).toBe(0)
  })

  it('is refused after the end of its request, in a sentence, and stored with no other', async () => {
    expect((await ask('timer')).status).toBe(200)
    later.get('timer')?.()
    expect((await ask('plain', 'meanwhile')).status).toBe(200)
    await untilTrue(async () => outcomes.timer !== undefined)
    expect(outcomes.timer).toMatch(/^the request is over, so this statement does not run; await it/)
    expect(await stored('timer')).toBe(0)
  })

  it('is refused on the `sql` of another request', async () => {
    expect((await ask('keep', 'ada')).status).toBe(200)
    expect((await ask('stray', 'stray', 'eve')).status).toBe(200)
    expect(await stored('stray')).toBe(0)
  })

  it('500 for one whose error is caught late; the process goes on', async () => {
    expect((await ask('late catch')).status).toBe(500)
    expect((await ask('plain', 'alive')).status).toBe(200)
  })

  it('500 for two in one text, of which none has run', async () => {
    expect((await ask('two in one')).status).toBe(500)
    expect(await stored('two in one')).toBe(0)
  })
})

const read = endpoint({ ...shared, name: 'read-late', path: '/v1/reads', reads: true })
const reader = testFunction(
  implement(read, { sql: postgres }, async ({ body: { mode, text } }, { sql }) => {
    if (mode === 'write') await sql`insert into notes (text) values (${text})`
    if (mode === 'caught') await sql`delete from notes`.catch(() => {})
    if (mode === 'call') await sql`select note(${text})`
    if (mode === 'snapshot') await sql.snapshot((within) => within`insert into notes (text) values (${text})`)
    if (mode === 'forgotten') void sql`select pg_sleep(3600)`
    if (mode === 'timer') later.set(text, () => noted(text, sql`select 1`))
    if (mode === 'leak') later.set(text, await sql.snapshot(async (within) => () => noted(text, within`select 1`)))
    if (mode === 'outer in snapshot') await sql.snapshot(() => sql`select 1`)
    if (mode === 'snapshot in snapshot') await sql.snapshot(() => sql.snapshot((within) => within`select 1`))
    if (mode === 'beside a snapshot') {
      const both = [sql.snapshot((within) => within`select pg_sleep(0.1)`), sql`select 1`]
      await Promise.all([...both, sql.snapshot((within) => within`select 1`)])
    }
    if (mode === 'after a snapshot') {
      const next = await sql.snapshot(async () => () => sql`select 1`)
      await next()
    }
    if (mode === 'forgotten in snapshot') await sql.snapshot(async (within) => void within`select pg_sleep(0.2)`)
    return { found: (await sql<{ text: string }>`select text from notes`).map((row) => row.text) }
  }),
  { env: { EBB_POOL_MAX: '2' } },
)
beforeAll(async () => {
  await reader.query(`create table notes (text text); insert into notes values ('first')`)
  await reader.query(`create function note(text) returns void language sql as 'insert into notes values ($1)'`)
})

const ASLEEP = `select from pg_stat_activity
  where datname = current_database() and state = 'active' and query = 'select pg_sleep(3600)'`

describe('a request that only reads', () => {
  const get = async (mode: string) => (await reader.as({ sub: 'ada' })).post('/v1/reads').send({ mode, text: mode })

  it('200 reads', async () => {
    expect((await get('plain')).body).toEqual({ found: ['first'] })
  })

  it.each(['write', 'call', 'snapshot', 'forgotten', 'forgotten in snapshot'])('500 for "%s"', async (mode) => {
    expect((await get(mode)).status).toBe(500)
    // Its request is over, and so is it.
    if (mode === 'forgotten') await untilTrue(async () => (await reader.query(ASLEEP)).length === 0)
    expect((await get('plain')).body).toEqual({ found: ['first'] })
  })

  it.each(['outer in snapshot', 'snapshot in snapshot'])(
    '500, and no wait for a second connection, for "%s"',
    async (mode) => {
      const all = await Promise.all(Array.from({ length: 12 }, () => get(mode)))
      expect(all.map(({ status }) => status)).toEqual(all.map(() => 500))
      expect((await get('plain')).body).toEqual({ found: ['first'] })
    },
  )

  it.each(['beside a snapshot', 'after a snapshot'])('200 for statements %s', async (mode) => {
    expect((await get(mode)).body).toEqual({ found: ['first'] })
  })

  it('writes nothing where the handler hides the error', async () => {
    expect((await get('caught')).body).toEqual({ found: ['first'] })
  })

  it.each(['timer', 'leak'])('has no statement after its end: %s', async (mode) => {
    expect((await get(mode)).status).toBe(200)
    later.get(mode)?.()
    await untilTrue(async () => outcomes[mode] !== undefined)
    expect(outcomes[mode]).toMatch(/^the request is over/)
  })
})
