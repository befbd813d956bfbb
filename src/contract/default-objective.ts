import type { AnyContract } from './any-contract.ts'
import { checkObjective } from './check-objective.ts'
import { ContractError } from './contract-error.ts'
import { describeObjective } from './describe-objective.ts'
import type { Route } from './described.ts'
import type { Objective } from './objective-shape.ts'

/**
 * Gives each endpoint that says no objective the project's, from domain/api.ts: without its latency where a reply lasts as long as its
 * caller wants. Throws a ContractError where that objective could not be measured.
 */
export function withDefaultObjective(
  routes: readonly Route[],
  contracts: Readonly<Record<string, AnyContract>>,
  objective: Objective | undefined,
): readonly Route[] {
  if (objective === undefined) return routes
  checkObjective({ objective, reply: { status: 204 } }, (broken, sentence) => {
    if (broken) throw new ContractError('?', sentence, { file: 'domain/api.ts' })
  })
  const described = describeObjective({ objective })
  const { latencyMs: _, ...lasting } = objective
  const describedLasting = lasting.availability === undefined ? {} : describeObjective({ objective: lasting })
  return routes.map((route) => {
    const contract = contracts[route.name]
    if (contract?.kind !== 'endpoint' || contract.objective !== undefined) return route
    return {
      ...route,
      ...(route.upgrade || route.replyStream || route.graphql?.follows ? describedLasting : described),
    }
  })
}
