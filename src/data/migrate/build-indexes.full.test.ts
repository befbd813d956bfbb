import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ConfigError } from 'ebb/kernel'
import pg from 'pg'
import { untilTrue } from '../../../test/support/until.ts'
import { readIndexSteps } from './index-steps.ts'
import { type MigrateOptions, migrate } from './migrate.ts'
import { testHistory } from './test-support.ts'

const history = testHistory()
const { query, folder, url } = history
const PLATFORM = { '0001.do.base.sql': 'create table ebb.base (id int)' }
const TABLE = {
  '0001.do.a.sql': 'create table a (id int, name text); insert into a select n, n::text from generate_series(1, 100) n',
}
const INDEX = { '0002.do.index.sql': '-- For the list.\ncreate index concurrently a_id on a (id);' }

type Files = Readonly<Record<string, string>>
const run = async (files: Files, options: Partial<MigrateOptions> = {}) =>
  migrate(url, { platform: await folder(PLATFORM), team: await folder(files), ...options })

const indexOf = async (name: string) => {
  const [found] = await query<{ oid: number; valid: boolean }>(
    `select indexrelid::int as oid, indisvalid as valid from pg_index where indexrelid = to_regclass('public.${name}')`,
  )
  return found
}
const done = async () =>
  (
    await query<{ name: string }>('select name from public.schema_version where run_at is not null order by version')
  ).map(({ name }) => name)

/** Runs `work` while a transaction has written to the table: a build waits for its end. */
async function whileWriting(work: (commit: () => Promise<unknown>) => Promise<unknown>) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin; insert into a values (0)')
  // Nothing may wait for it after a failure.
  await work(() => client.query('commit')).finally(() => client.end())
}
const building = `select pid from pg_stat_activity where query ~ '^create index concurrently' and wait_event_type = 'Lock' and datname = current_database()`
const untilBuilding = () =>
  untilTrue(async () => (await query(building)).length > 0 && (await indexOf('a_id')) !== undefined, {
    what: 'the build waits for a transaction',
  })

/** A process that migrates, to be killed. */
async function startProcess(files: Files) {
  const options = { platform: await folder(PLATFORM), team: await folder(files) }
  const script = `import { migrate } from ${JSON.stringify(resolve('src/data/migrate/migrate.ts'))}
    await migrate(${JSON.stringify(url)}, ${JSON.stringify(options)})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  return {
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

describe('a migration that builds an index concurrently', () => {
  it('runs once, and writes go on meanwhile', async () => {
    await run(TABLE)
    const waits: string[] = []
    await whileWriting(async (commit) => {
      const running = run({ ...TABLE, ...INDEX }, { onWait: (message) => waits.push(message) })
      await untilBuilding()
      await query('insert into a values (-1)')
      await untilTrue(() => waits.length > 0, { what: 'it says what it waits for' })
      await commit()
      expect(await running).toEqual(['0002.do.index.sql'])
    })
    expect(waits[0]).toMatch(/^0002.do.index.sql waits for a lock; the oldest transaction is of pid \d+/)
    expect(await indexOf('a_id')).toMatchObject({ valid: true })
    expect(await run({ ...TABLE, ...INDEX })).toEqual([])
  })

  it('goes on where its process was killed and the server built on', async () => {
    await run(TABLE)
    await whileWriting(async (commit) => {
      const child = await startProcess({ ...TABLE, ...INDEX })
      await untilBuilding()
      await child.kill()
      const before = await indexOf('a_id')
      expect([before?.valid, await done()]).toEqual([false, ['a']])
      const running = run({ ...TABLE, ...INDEX })
      await commit()
      expect(await running).toEqual(['0002.do.index.sql'])
      expect(await indexOf('a_id')).toEqual({ oid: before?.oid, valid: true })
    })
    expect(await done()).toEqual(['a', 'index'])
  })

  it('drops and builds again what a process and its session have left behind', async () => {
    await run(TABLE)
    let left: number | undefined
    await whileWriting(async () => {
      const child = await startProcess({ ...TABLE, ...INDEX })
      await untilBuilding()
      await child.kill()
      await query(`select pg_terminate_backend(pid) from (${building}) as building`)
      await untilTrue(async () => (await query(building)).length === 0, { what: 'its session has ended' })
      const found = await indexOf('a_id')
      left = found?.oid
      expect(found?.valid).toBe(false)
    })
    expect(await run({ ...TABLE, ...INDEX })).toEqual(['0002.do.index.sql'])
    const built = await indexOf('a_id')
    expect([built?.valid, built?.oid === left]).toEqual([true, false])
  })

  it('builds what the file says now, where it was changed after it had begun', async () => {
    await run({ ...TABLE, ...INDEX })
    await query(`update public.schema_version set run_at = null where name = 'index'`)
    const before = await indexOf('a_id')
    expect(await run({ ...TABLE, '0002.do.index.sql': 'create index concurrently a_id on a (name)' })).toHaveLength(1)
    const after = await indexOf('a_id')
    expect([after?.valid, after?.oid === before?.oid]).toEqual([true, false])
  })

  it('gives up where it waits for too long, says for whom, and is resumed', async () => {
    await run(TABLE)
    await whileWriting(async () => {
      const failing = run({ ...TABLE, ...INDEX }, { waitLimitMs: 300 })
      await expect(failing).rejects.toThrow(
        /^0002.do.index.sql waits for a lock; .* of pid \d+ .*: end it, and try again/,
      )
      await expect(failing).rejects.toBeInstanceOf(ConfigError)
      expect(await query(building)).toEqual([])
    })
    expect(await run({ ...TABLE, ...INDEX })).toEqual(['0002.do.index.sql'])
    expect(await indexOf('a_id')).toMatchObject({ valid: true })
  })

  it('tries again where its role has a limit for locks', async () => {
    await run(TABLE)
    const name = new URL(url).pathname.slice(1)
    await query(`alter database "${name}" set lock_timeout = '100ms'`)
    const waits: string[] = []
    await whileWriting(async (commit) => {
      const running = run({ ...TABLE, ...INDEX }, { onWait: (message) => waits.push(message) })
      await untilTrue(() => waits.some((text) => text.includes('lock timeout')), { what: 'a limit was reached' })
      await commit()
      expect(await running).toEqual(['0002.do.index.sql'])
    }).finally(() => query(`alter database "${name}" reset lock_timeout`))
    expect(await indexOf('a_id')).toMatchObject({ valid: true })
  })

  it('leaves nothing where the rows do not allow it, and names the file', async () => {
    await run(TABLE)
    await query('insert into a values (1)')
    const files = { ...TABLE, '0002.do.unique.sql': 'create unique index concurrently a_id on a (id)' }
    await expect(run(files)).rejects.toThrow('0002.do.unique.sql: could not create unique index')
    expect(await indexOf('a_id')).toBeUndefined()
    await query('delete from a where name is null')
    expect(await run(files)).toEqual(['0002.do.unique.sql'])
  })

  it('does not take another index for its own', async () => {
    await run(TABLE)
    await query('create index a_id on a (name)')
    const before = await indexOf('a_id')
    await expect(run({ ...TABLE, ...INDEX })).rejects.toThrow('there is an index public.a_id already')
    expect(await indexOf('a_id')).toEqual(before)
  })

  it('runs in one of several processes', async () => {
    const [platform, team] = [await folder(PLATFORM), await folder({ ...TABLE, ...INDEX })]
    const ran = await Promise.all([1, 2, 3].map(() => migrate(url, { platform, team })))
    expect(ran.flat().sort()).toEqual(['0001.do.a.sql', '0001.do.base.sql', '0002.do.index.sql'])
  })

  it('may drop one, and build in another schema, whatever the search path', async () => {
    const files = {
      ...TABLE,
      '0002.do.index.sql': `create index concurrently if not exists "A ""b""" on a (name) where name <> ';'`,
      '0003.do.other.sql': 'create schema other; create table other.b (id int)',
      '0004.do.more.sql': 'create index concurrently b_id on other.b (id); drop index concurrently "A ""b"""',
    }
    await query('create schema "$user"')
    expect(await run(files)).toHaveLength(5)
    expect(await query(`select indexname from pg_indexes where tablename in ('a', 'b')`)).toEqual([
      { indexname: 'b_id' },
    ])
    await query('drop schema other cascade')
  })
})

describe('which migrations run outside of a transaction', () => {
  it.each<[string, readonly string[] | undefined]>([
    ['create index a_id on a (id)', undefined],
    [`-- create index concurrently a_id on a (id)\nselect 'create index concurrently x on y (z)'`, undefined],
    ['refresh materialized view concurrently v', undefined],
    ['do $$ begin; create index concurrently x on y (z); end $$', undefined],
    [
      'CREATE /* one */ UNIQUE INDEX CONCURRENTLY IF NOT EXISTS A_Id ON ONLY "Other" . b USING btree (id);;',
      ['create UNIQUE index concurrently "a_id" on ONLY "Other"."b" USING btree (id)'],
    ],
    ['drop index concurrently if exists x.y', ['drop index concurrently if exists "x"."y"']],
  ])('%s', (sql, texts) => {
    expect(readIndexSteps('0001.do.x.sql', sql)?.map(({ text }) => text)).toEqual(texts)
  })

  it.each([
    ['create index concurrently on a (id)', 'move `create index concurrently on a (id)`'],
    [
      'create index concurrently a_id on a (id); update a set id = 1',
      'move `update a set id = 1` to a file of its own',
    ],
    ['drop index concurrently a, b', 'move `drop index concurrently a, b`'],
  ])('refuses %s', (sql, sentence) => {
    expect(() => readIndexSteps('0001.do.x.sql', sql)).toThrow(sentence)
    expect(() => readIndexSteps('0001.do.x.sql', sql)).toThrow(ConfigError)
  })
})
