import pg from 'pg'

/** Looks again and again how long anybody has been waiting for a lock; says what the longest wait was for, and its milliseconds. */
export async function watchLocks(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let isOver = false
  let longest = { ms: 0, what: '' }
  let samples = 0
  const watch = async () => {
    while (!isOver) {
      const { rows } = await client.query<{ ms: number; what: string }>(waitSql)
      for (const wait of rows) if (wait.ms > longest.ms) longest = wait
      samples += 1
    }
  }
  const running = watch()
  return {
    stop: async () => {
      isOver = true
      await running
      await client.end()
      return { longestMs: Math.round(longest.ms), what: longest.what, samples }
    },
  }
}

const waitSql = /* sql */ `
select (extract(epoch from clock_timestamp() - waitstart) * 1000)::float8 as ms,
  format('%s of %s, for: %s; behind: %s', mode, coalesce(relation::regclass::text, locktype), left(waiting.query, 60),
         (select string_agg(format('%s: %s', wait_event, left(query, 60)), ', ') from pg_stat_activity where pid = any(pg_blocking_pids(waiting.pid)))) as what
from pg_locks join pg_stat_activity as waiting using (pid)
where not granted and database = (select oid from pg_database where datname = current_database())
order by waitstart limit 1`
