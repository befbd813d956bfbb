import type { Route } from '../../contract/index.ts'

/** Where the state of an asynchronous call is read: a route of the gateway's own, which no contract may take. */
export const INVOCATION_ROUTE: Route = Object.freeze({
  ...{ kind: 'endpoint', name: '_invocations', summary: 'Tell what became of an asynchronous call.' },
  ...{ method: 'GET', path: '/v1/invocations/{id}', headers: [], hasBody: false, maxBodyBytes: 0 },
  ...{ scopes: [], owner: false, anonymous: false, idempotent: false, async: false, readOnly: true, emits: [] },
  ...{ timeoutMs: 10_000, scale: { max: 1, concurrency: 1 }, secrets: [] },
} as const)

export const isOwn = (route: Route | undefined): boolean => route === INVOCATION_ROUTE

/** The address of one call's state. */
export const invocationPath = (id: string): string => INVOCATION_ROUTE.path.replace('{id}', id)
