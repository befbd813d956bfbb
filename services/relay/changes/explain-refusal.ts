import { errorCodeOf } from '../../../src/data/postgres/database-error.ts'

/** What the database refuses, by what it says and by its code, and what to do. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/wal_level/, 'the database has wal_level below logical: set wal_level=logical and start it anew'],
  [
    /permission denied to (use replication slots|start WAL sender)|replication role to/i,
    'the login of the relay has no right to read the log: run `alter role … replication` as a superuser (on RDS `grant rds_replication to …`)',
  ],
  [
    /unsupported startup parameter|replication.*not (supported|allowed)/i,
    'a pooler is between: give the relay the address of the database itself in DATABASE_DIRECT_URL',
  ],
]
const ALL_IN_USE = '53400'

/** The sentence that says why changes are not read. */
export function explainRefusal(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (errorCodeOf(error) === ALL_IN_USE || /all replication slots are in use/.test(message))
    return 'all replication slots of the database are in use: raise max_replication_slots'
  return REFUSALS.find(([said]) => said.test(message))?.[1] ?? message
}
