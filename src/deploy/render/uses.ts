import type { Placement } from '../../contract/index.ts'

/** What of the platform a function may use: it says so in its code, as `uses`. */
export const STORES = ['mail', 'postgres', 'redis'] as const
export type Store = (typeof STORES)[number]

/** The secret without which a function cannot reach it, and which nobody else has. */
export const SECRET_OF = { mail: 'SMTP_URL', postgres: 'DATABASE_URL', redis: 'REDIS_URL' } as const

/** A function with what it uses. */
export interface Placed extends Placement {
  readonly uses: readonly Store[]
}

/** The names of those that use it. */
export const usersOf = (store: Store, placements: readonly Placed[]): readonly string[] =>
  placements.filter(({ uses }) => uses.includes(store)).map(({ name }) => name)
