import type { Resource } from '../kernel/index.ts'

/**
 * Declares a resource of a team's own: what handlers are lent by the name that they give it in `uses`.
 * @example
 * export const clock = resource({ open: () => Date, lend: (opened) => ({ now: () => new opened() }) })
 */
export const resource = <Lent, Opened>(own: Resource<Lent, Opened>): Resource<Lent, Opened> => own
