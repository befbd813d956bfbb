import type { Sql } from 'ebb/data'

/** What a handler knows when it forgets its `where`. */
interface Given {
  /** The beginning of all that the caller's own rows say. */
  readonly mine: string
  /** The id of a row of any tenant, as a caller may send it. */
  readonly id: string
  /** Another tenant, as a caller may name it. */
  readonly other: string
}

type Marked = readonly { readonly mark: string }[]

/** A statement without a `where` for the tenant; resolves to what every row that it has seen or changed says. */
type Careless = (sql: Sql, given: Given) => Promise<Marked>

/** Statements that only read. */
export const READS = {
  all: (sql) => sql`select * from jobs`,
  byId: (sql, { id }) => sql`select * from jobs where id = ${id}`,
  byTenant: (sql, { other }) => sql`select * from jobs where tenant = ${other}`,
  join: (sql) => sql`select tasks.mark from jobs join tasks on true limit 100`,
  leftJoin: (sql) =>
    sql`select coalesce(tasks.mark, jobs.mark) as mark from jobs left join tasks on tasks.job <> jobs.id limit 100`,
  cross: (sql) => sql`select other.mark from jobs cross join jobs as other limit 100`,
  subquery: (sql) => sql`select (select max(mark) from jobs as other where other.id > jobs.id) as mark from jobs`,
  exists: (sql, { id, other }) =>
    sql`select ${`${other}/exists`}::text as mark where exists (select from jobs where id = ${id} and tenant = ${other})`,
  aggregate: (sql) => sql`select unnest(array_agg(mark)) as mark from jobs`,
  window: (sql) => sql`select lag(mark) over (order by mark) as mark from jobs`,
  union: (sql) => sql`select mark from jobs union all select mark from tasks`,
  lateral: (sql) => sql`select found.mark from tasks, lateral (select * from jobs limit 3) as found limit 100`,
  recursive: (sql) =>
    sql`with recursive seen (mark, n) as (select mark, 1 from jobs union all select jobs.mark, n + 1 from seen, jobs where n < 2)
        select mark from seen limit 100`,
  view: (sql) => sql`select * from jobs_seen`,
  row: (sql) => sql`select (one).mark from (select jobs as one from jobs) as wrapped`,
  json: (sql) => sql`select one->>'mark' as mark from (select to_jsonb(jobs) as one from jobs) as written`,
  dynamic: (sql) =>
    sql`select unnest(xpath('//mark/text()', query_to_xml('select mark from jobs', true, false, '')))::text as mark`,
  sample: (sql) => sql`select * from jobs tablesample bernoulli (100)`,
  snapshot: (sql) =>
    sql.snapshot(async (within) => [
      ...(await within<{ mark: string }>`select * from jobs`),
      ...(await within<{ mark: string }>`select * from tasks`),
    ]),
  several: async (sql) =>
    (await Promise.all([1, 2, 3].map(() => sql<{ mark: string }>`select mark from jobs order by random()`))).flat(),
} as const satisfies Readonly<Record<string, Careless>>

/** Statements that write. */
export const WRITES = {
  insert: (sql, { mine, id }) =>
    sql`insert into jobs (mark, slug) values (${mine}, ${id.slice(0, 2)}) on conflict do nothing returning mark`,
  insertLines: (sql, { mine }) =>
    sql`insert into tasks (job, mark) select id, ${mine} from jobs limit 3
        returning (select mark from jobs where id = job) as mark`,
  update: (sql, { mine }) => sql`update jobs set mark = ${mine} returning mark`,
  updateSeen: (sql) => sql`update jobs set n = n + 1 returning mark`,
  updateById: (sql, { mine, id }) => sql`update jobs set mark = ${mine} where id = ${id} returning mark`,
  updateJoined: (sql) => sql`update jobs set n = n + 1 from tasks where tasks.id <> jobs.id returning tasks.mark`,
  updateFromOther: (sql) =>
    sql`update tasks set mark = (select min(mark) from jobs) where exists (select from jobs) returning mark`,
  delete: (sql) => sql`delete from jobs where random() < 0.2 returning mark`,
  deleteById: (sql, { id }) => sql`delete from jobs where id = ${id} returning mark`,
  deleteUsing: (sql) => sql`delete from tasks using jobs where random() < 0.2 returning jobs.mark`,
  deleteAndRead: (sql) =>
    sql`with gone as (delete from tasks where random() < 0.3 returning *) select mark from gone union all select mark from jobs`,
  upsert: (sql, { mine, id }) =>
    sql`insert into jobs (mark, slug) values (${mine}, ${id.slice(0, 1)})
        on conflict (tenant, slug) do update set mark = excluded.mark returning mark`,
  merge: (sql, { mine }) =>
    sql`merge into jobs using (select id from tasks) as found on jobs.id = found.id
        when matched then delete when not matched then do nothing returning ${mine}::text as mark`,
  lock: (sql) => sql`select * from jobs for update skip locked`,
  readThenWrite: async (sql) => {
    const seen = await sql<{ id: string; mark: string }>`select id, mark from jobs`
    return sql`update jobs set n = n + 1 where id = any (${seen.map(({ id }) => id)}) returning mark`
  },
} as const satisfies Readonly<Record<string, Careless>>

/** Statements that name another tenant, or try to become one: none may find a row to change. */
export const FORBIDDEN = {
  insertForeign: (sql, { mine, other }) =>
    sql`insert into jobs (tenant, mark) values (${other}, ${mine}) returning mark`,
  giveAway: (sql, { other }) => sql`update jobs set tenant = ${other} returning mark`,
  takeOver: (sql, { mine, id, other }) =>
    sql`with changed as (select set_config(concat('ebb', '.tenant'), ${other}, true) as done)
        insert into jobs (id, mark) select ${id}, ${mine} from changed
        on conflict (id) do update set mark = excluded.mark returning mark`,
  become: async (sql, { other }) => {
    await sql`select set_config(concat('ebb', '.tenant'), ${other}, true)`
    return sql`select * from jobs`
  },
  becomeByProof: async (sql, { other }) => {
    await sql`select "ebb"."enter_tenant"(${other})`
    return sql`select * from jobs`
  },
  refer: (sql, { mine, id }) => sql`insert into tasks (job, mark) select ${id}, ${mine} returning mark`,
} as const satisfies Readonly<Record<string, Careless>>
