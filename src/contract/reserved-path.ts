/** `/metrics` answers scrapes of gateway, relay and, where it is asked to, of a function: never a stranger. */
const RESERVED = /^\/(_|openapi\.json|docs|metrics|v1\/invocations)(\/|$)/

/** Whether a path is the platform's own: no contract may claim it, and no parameter of one may stand for it. */
export const isReservedPath = (path: string): boolean => RESERVED.test(path)
