import type { ContractsData, EndpointData } from '../contracts-data.ts'
import { endpointChanges } from './endpoint-changes.ts'
import { eventFindings } from './event-findings.ts'
import { breaks, type Change, type Finding, raised } from './finding.ts'
import { shapeOf } from './input-changes.ts'

/**
 * What of a change of contracts breaks whom, and what is worth knowing; nothing for a change that all can live with. What
 * comes in is compared one way round and what goes out the other, at every depth.
 */
export function diffContracts(before: ContractsData, after: ContractsData): readonly Finding[] {
  const endpoints = before.endpoints.flatMap((old) => endpointFindings(old, successorOf(old, before, after)))
  return [...endpoints, ...eventFindings(before, after)].toSorted(
    (a, b) => a.where.localeCompare(b.where, 'en') || a.effect.localeCompare(b.effect, 'en'),
  )
}

function endpointFindings(before: EndpointData, after: EndpointData | undefined): readonly Finding[] {
  const where = `functions/${(after ?? before).route.name}`
  if (!after) return [{ where, ...breaks('callers', `${before.route.method} ${before.route.path} is gone`) }]
  const announced = raised(before.version, after.version)
  return endpointChanges(before, after).map((change: Change) => ({
    ...{ where, ...change },
    ...(change.effect === 'breaks' && announced ? { announced } : {}),
  }))
}

/** The endpoint of that name; or the one that answers its requests under a new name. */
function successorOf(old: EndpointData, before: ContractsData, after: ContractsData): EndpointData | undefined {
  const named = after.endpoints.find(({ route }) => route.name === old.route.name)
  if (named) return named
  const requestsOf = (data: EndpointData) => `${data.route.method} ${shapeOf(data)}`
  const isNew = ({ route }: EndpointData) => !before.endpoints.some((other) => other.route.name === route.name)
  return after.endpoints.find((data) => isNew(data) && requestsOf(data) === requestsOf(old))
}
