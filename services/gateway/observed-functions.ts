import type { CompletedRequest } from 'ebb/http/gateway'
import type { Authorizer, ContractSet, Route, Subscription } from '../../src/contract/index.ts'

/** What a gateway knows of a function by itself; null is what it cannot know. */
export interface ObservedFunction {
  readonly name: string
  /** An endpoint's method and path, a subscriber's event type, or `authorizer`. */
  readonly route: string
  readonly scale: Route['scale']
  /** Only what runs the functions could tell. */
  readonly instances: null
  /** These count for this gateway alone, from `since` on. A subscriber is called by the relay, past all gateways. */
  readonly requests: number | null
  readonly coldStarts: number | null
  readonly lastColdStartAt: string | null
  /** Of the last response. */
  readonly revision: string | null
  readonly since: string
}

export type ObservedFunctions = ReturnType<typeof observeFunctions>

interface Count {
  requests: number
  coldStarts: number
  lastColdStartAt: string | null
  revision: string | null
}

/** Describes the functions by the contracts and by the responses that pass, where nothing else can be asked. */
export function observeFunctions(contracts: () => Pick<ContractSet, 'routes' | 'subscriptions' | 'authorizers'>) {
  const since = new Date().toISOString()
  const counts = new Map<string, Count>()
  const countOf = (name: string): Count =>
    counts.get(name) ?? { requests: 0, coldStarts: 0, lastColdStartAt: null, revision: null }

  const endpoint = ({ name, method, path, scale }: Route): ObservedFunction => ({
    ...{ name, route: `${method} ${path}`, scale, instances: null, ...countOf(name), since },
  })
  const subscriber = ({ name, on, scale }: Subscription): ObservedFunction => ({
    ...{ name, route: on, scale, instances: null, requests: null, coldStarts: null },
    ...{ lastColdStartAt: null, revision: null, since },
  })
  const authorizer = ({ name, scale }: Authorizer): ObservedFunction => ({
    ...{ name, route: 'authorizer', scale, instances: null, ...countOf(name), since },
  })
  return {
    count({ invoked, cold, revision }: Pick<CompletedRequest, 'invoked' | 'cold' | 'revision'>): void {
      if (invoked === undefined) return
      const count = countOf(invoked)
      count.requests++
      if (cold) count.coldStarts++
      if (cold) count.lastColdStartAt = new Date().toISOString()
      count.revision = revision ?? count.revision
      counts.set(invoked, count)
    },
    view: async (): Promise<readonly ObservedFunction[]> => {
      const { routes, subscriptions, authorizers } = contracts()
      const endpoints = routes.filter(({ upstream }) => !upstream)
      return [...endpoints.map(endpoint), ...subscriptions.map(subscriber), ...authorizers.map(authorizer)]
    },
  }
}
