import type { Route } from '../../contract/index.ts'

/** Where callers read the state of an asynchronous call: a route of the gateway's own, which no contract may have. */
export const INVOCATION_ROUTE: Route = Object.freeze({
  ...{ kind: 'endpoint', name: '_invocations', summary: 'Tell what became of an asynchronous call.' },
  ...{ method: 'GET', path: '/v1/invocations/{id}', headers: [], hasBody: false, maxBodyBytes: 0 },
  ...{
    scopes: [],
    owner: false,
    policy: false,
    anonymous: false,
    idempotent: false,
    async: false,
    readOnly: true,
    emits: [],
  },
  ...{ timeoutMs: 10_000, scale: { max: 1, concurrency: 1 }, secrets: [] },
} as const)

/** The address of one call's state. */
export const locationOf = (id: string): string => INVOCATION_ROUTE.path.replace('{id}', id)
