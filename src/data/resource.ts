import type { Resource } from '../kernel/index.ts'

/**
 * Declares a resource of a team's own: what handlers are lent by the name that they give it in `uses`.
 * @example
 * export const clock = resource({ stores: [], open: () => Date.now, lend: (now) => ({ now }) })
 */
export const resource = <Lent, Opened>(own: Resource<Lent, Opened>): Resource<Lent, Opened> => own
