import type { ContractsData, EndpointData } from '../contracts-data.ts'
import { endpointChanges, shapeOf } from './endpoint-changes.ts'
import { eventFindings } from './event-changes.ts'
import { breaks, type Change, type Finding, note, versionRaise } from './finding.ts'
import { proxyFindings } from './proxy-changes.ts'
import { receiveFindings } from './receive-changes.ts'
import { webhookFindings } from './webhook-changes.ts'

/**
 * What a change of contracts breaks, and for whom, with notes of what else is worth knowing; empty for a compatible change.
 * Inputs are compared in one direction and outputs in the other, at every depth.
 */
export function diffContracts(before: ContractsData, after: ContractsData): readonly Finding[] {
  const endpoints = before.endpoints.flatMap((old) => endpointFindings(old, successorOf(old, after)))
  const others = [
    ...proxyFindings(before, after),
    ...receiveFindings(before, after),
    ...eventFindings(before, after),
    ...webhookFindings(before, after),
  ]
  return [...endpoints, ...others].toSorted(
    (a, b) => a.where.localeCompare(b.where, 'en') || a.effect.localeCompare(b.effect, 'en'),
  )
}

function endpointFindings(before: EndpointData, after: EndpointData | undefined): readonly Finding[] {
  const where = `functions/${(after ?? before).route.name}`
  if (!after) return [{ where, ...removal(before) }]
  const announced = versionRaise(before.version, after.version)
  return endpointChanges(before, after).map((change: Change) => ({
    ...{ where, ...change },
    ...(change.effect === 'breaks' && announced ? { announced } : {}),
  }))
}

/** What was announced, and whose day has come, breaks nobody who listened. */
function removal({ route: { method, path, deprecated } }: EndpointData): Change {
  const gone = `${method} ${path} is gone`
  const sunset = deprecated?.sunset
  if (sunset === undefined) return breaks('callers', gone)
  return Date.parse(sunset) <= Date.now()
    ? note(`${gone}, as announced for ${sunset}`)
    : breaks('callers', `${gone}, and was to answer until ${sunset}`)
}

/** The endpoint that answers the same requests, whatever it is called: callers know no names. Else the one of the same name. */
function successorOf(old: EndpointData, after: ContractsData): EndpointData | undefined {
  const requestsOf = (data: EndpointData) => `${data.route.method} ${shapeOf(data)}`
  return (
    after.endpoints.find((data) => requestsOf(data) === requestsOf(old)) ??
    after.endpoints.find(({ route }) => route.name === old.route.name)
  )
}
