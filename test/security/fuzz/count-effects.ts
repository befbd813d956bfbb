import type pg from 'pg'

/** What of the platform's a caller's request changes. */
const PLATFORM_TABLES = ['outbox', 'invocation', 'inbox', 'idempotency']

/** How many rows were inserted, changed or deleted so far, and how many of them of stored responses. */
export interface Effects {
  readonly all: number
  readonly responses: number
}

/**
 * Lets triggers note each row that a transaction changes and commits, in whatever table of the team's or of a request's;
 * returns what reads the sum. One look costs the same however many rows there are.
 */
export async function countEffects(pool: pg.Pool): Promise<() => Promise<Effects>> {
  await pool.query(`
    create table public.fuzz_effect (n bigint generated always as identity primary key, response bigint not null);
    create index on public.fuzz_effect (response desc);
    create function public.note_fuzz_effect() returns trigger language plpgsql security definer as $$
      begin
        insert into public.fuzz_effect (response)
          values (case when tg_table_name like 'idempotency%' then nextval('public.fuzz_response') else 0 end);
        return null;
      end $$;
    create sequence public.fuzz_response`)
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where (schemaname = 'public' and tablename not like 'fuzz%') or (schemaname = 'ebb' and tablename = any($1))`,
    [PLATFORM_TABLES],
  )
  for (const { name } of rows)
    await pool.query(
      `create trigger fuzz after insert or update or delete on ${name} for each row execute function public.note_fuzz_effect()`,
    )
  return async () => {
    const counted = await pool.query<{ all: string; responses: string }>(
      'select coalesce(max(n), 0) as all, coalesce((select max(response) from public.fuzz_effect), 0) as responses from public.fuzz_effect',
    )
    const { all = 0, responses = 0 } = counted.rows[0] ?? {}
    return { all: Number(all), responses: Number(responses) }
  }
}
