import type { ContractSet, Route } from '../../contract/index.ts'

/**
 * Whether the requests to an endpoint may be copied to its canary: it reads, has other functions only read for it, and answers at
 * once. What writes is never copied.
 */
export function isCopied(route: Route, { routes, internals = [] }: Pick<ContractSet, 'routes' | 'internals'>): boolean {
  const isRead = (name: string) => [...routes, ...internals].some((one) => one.name === name && one.readOnly)
  const answersAtOnce = !route.upgrade && !route.replyStream && !route.upstream
  return route.readOnly && answersAtOnce && (route.calls ?? []).every(({ name }) => isRead(name))
}
