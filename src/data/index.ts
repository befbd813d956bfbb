export { type Mail, mail } from './mail.ts'
export { postgres } from './postgres.ts'
export { redis } from './redis.ts'
export type { Sql } from './sql.ts'
