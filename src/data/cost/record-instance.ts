import type pg from 'pg'
import type { InstanceUse, RecordedInstance } from '../../kernel/index.ts'
import { heldSecondsOf, queryWithTimeout } from '../postgres/with-connection.ts'

const LIMIT_MS = 2_000
const NOTHING = { starting: 0, busy: 0, idle: 0, cpu: 0, database: 0 }

/** What is in the database of the process that has this pool. */
const recorded = new WeakMap<pg.Pool, typeof NOTHING>()

/**
 * Adds to the sums in the database what this process has used since it last did. What could not be added comes with the next
 * time; where only the answer was lost, it is there twice.
 */
export async function recordInstance(
  pool: pg.Pool,
  { name, cpuMilli, memoryMib }: RecordedInstance,
  use: InstanceUse,
): Promise<void> {
  const before = recorded.get(pool)
  const { starting, busy, idle, cpu, database } = before ?? NOTHING
  const now = { ...use, database: heldSecondsOf(pool) }
  const used = {
    instances: before ? 0 : 1,
    ...{ starting: now.starting - starting, busy: now.busy - busy, idle: now.idle - idle },
    ...{ cpu: now.cpu - cpu, database: now.database - database },
  }
  const values = [name, cpuMilli, memoryMib, JSON.stringify(used)]
  await queryWithTimeout(pool, LIMIT_MS, (client) => client.query('select ebb.record_instance($1, $2, $3, $4)', values))
  recorded.set(pool, now)
}
