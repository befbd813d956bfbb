/**
 * The same promise, whose rejection counts as handled: what a tool gives a handler may be awaited late, or never, and is
 * then a fault of its own request, not one of the process that serves all.
 */
export function markHandled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
