export { PostgresError } from './postgres-error.ts'
export { type RunningPostgres, startPostgres } from './start-postgres.ts'
