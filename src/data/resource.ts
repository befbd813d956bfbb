import type { Resource } from '../kernel/index.ts'

/**
 * Declares a resource of your own: handlers get it by the name that they give it in `uses`.
 * @example
 * export const clock = resource({ stores: [], open: () => Date.now, bind: (now) => ({ now }) })
 * @see docs/concepts.md#resources
 */
export const resource = <Bound, Opened>(definition: Resource<Bound, Opened>): Resource<Bound, Opened> => definition
