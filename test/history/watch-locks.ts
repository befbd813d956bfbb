import pg from 'pg'

/** Looks again and again how long anybody has been waiting for a lock; says what the longest wait was, in milliseconds. */
export async function watchLocks(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let isOver = false
  let longestMs = 0
  let samples = 0
  const watch = async () => {
    while (!isOver) {
      const { rows } = await client.query<{ ms: number | null }>(waitSql)
      longestMs = Math.max(longestMs, Math.round(rows[0]?.ms ?? 0))
      samples += 1
    }
  }
  const running = watch()
  return {
    stop: async () => {
      isOver = true
      await running
      await client.end()
      return { longestMs, samples }
    },
  }
}

const waitSql = /* sql */ `
select max(extract(epoch from clock_timestamp() - waitstart)) * 1000 as ms from pg_locks
where not granted and database = (select oid from pg_database where datname = current_database())`
