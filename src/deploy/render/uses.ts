import type { Placement } from '../../contract/index.ts'
import type { Store } from '../../kernel/index.ts'

/** The secret without which a function cannot reach it, and which nobody else has. */
export const SECRET_OF = {
  mail: 'SMTP_URL',
  postgres: 'DATABASE_URL',
  redis: 'REDIS_URL',
} as const satisfies Readonly<Record<Store, string>>

/** A function with the stores that it uses: its code says so, as `uses`. */
export interface Placed extends Placement {
  readonly uses: readonly Store[]
}

/** The names of those that use it. */
export const usersOf = (store: Store, placements: readonly Placed[]): readonly string[] =>
  placements.filter(({ uses }) => uses.includes(store)).map(({ name }) => name)
