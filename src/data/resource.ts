import type { Resource } from '../kernel/index.ts'

/**
 * Declares a resource of your own: handlers get it by the name that they give it in `uses`.
 * @example
 * export const clock = resource({ stores: [], open: () => Date.now, bind: (now) => ({ now }) })
 * @see docs/howto.md
 */
export const resource = <Bound, Opened>(definition: Resource<Bound, Opened>): Resource<Bound, Opened> => definition

/**
 * The same promise, whose rejection counts as handled. A handler may await what a resource gives it late, or never; that
 * is an error of its own request, and must not end the process that serves all of them as an unhandled rejection.
 */
export function markHandled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
