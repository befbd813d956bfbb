import pg from 'pg'
import { databaseUrlFor } from '../../src/testing/test-database.ts'

/**
 * A clock for a database that moves when a test moves it: whoever connects by `url` gets it from `clock_timestamp()`. `now()` goes on as
 * ever.
 */
export async function fakeDatabaseClock(databaseUrl: string, at: string) {
  const owner = new pg.Client({ connectionString: databaseUrlFor('owner', databaseUrl) })
  await owner.connect()
  await owner.query(`
    create schema fake;
    grant usage on schema fake to public;
    create table fake.clock (at timestamptz not null);
    grant select on fake.clock to public;
    insert into fake.clock values ('${at}');
    create function fake.clock_timestamp() returns timestamptz language sql volatile as 'select at from fake.clock'`)
  const url = new URL(databaseUrl)
  url.searchParams.set('options', '-c search_path=fake,pg_catalog')
  return {
    url: url.href,
    set: (time: string | Date) => owner.query('update fake.clock set at = $1', [new Date(time).toISOString()]),
    close: () => owner.end(),
  }
}
