import type { ContractsData, EndpointData } from '../contracts-data.ts'
import type { JsonSchema } from '../json-schema.ts'
import { endpointChanges, shapeOf } from './endpoint-changes.ts'
import { findIncompatibilities } from './find-incompatibilities.ts'
import {
  breaks,
  type Change,
  describeToDeliveries,
  describeToReaders,
  type Finding,
  note,
  toChanges,
  versionRaise,
} from './finding.ts'
import { proxyFindings } from './proxy-changes.ts'
import { nodeOf } from './schema-node.ts'

/**
 * What a change of contracts breaks, and for whom, with notes of what else is worth knowing; empty for a compatible change.
 * Inputs are compared in one direction and outputs in the other, at every depth.
 */
export function diffContracts(before: ContractsData, after: ContractsData): readonly Finding[] {
  const endpoints = before.endpoints.flatMap((old) => endpointFindings(old, successorOf(old, before, after)))
  return [...endpoints, ...proxyFindings(before, after), ...eventFindings(before, after)].toSorted(
    (a, b) => a.where.localeCompare(b.where, 'en') || a.effect.localeCompare(b.effect, 'en'),
  )
}

function endpointFindings(before: EndpointData, after: EndpointData | undefined): readonly Finding[] {
  const where = `functions/${(after ?? before).route.name}`
  if (!after) return [{ where, ...breaks('callers', `${before.route.method} ${before.route.path} is gone`) }]
  const announced = versionRaise(before.version, after.version)
  return endpointChanges(before, after).map((change: Change) => ({
    ...{ where, ...change },
    ...(change.effect === 'breaks' && announced ? { announced } : {}),
  }))
}

/** The endpoint of the same name, or a new one that answers the same requests. */
function successorOf(old: EndpointData, before: ContractsData, after: ContractsData): EndpointData | undefined {
  const named = after.endpoints.find(({ route }) => route.name === old.route.name)
  if (named) return named
  const requestsOf = (data: EndpointData) => `${data.route.method} ${shapeOf(data)}`
  const isNew = ({ route }: EndpointData) => !before.endpoints.some((other) => other.route.name === route.name)
  return after.endpoints.find((data) => isNew(data) && requestsOf(data) === requestsOf(old))
}

/** A function that emits an event, and the schema of its data there. */
interface Emitter {
  readonly name: string
  readonly version: string | undefined
  readonly schema: JsonSchema
}

/**
 * What changed events mean to their readers, and to pending deliveries. An event has no version of its own: its change is
 * announced where every contract that changed it has raised its own.
 */
function eventFindings(before: ContractsData, after: ContractsData): readonly Finding[] {
  const [olds, news] = [emittersOf(before), emittersOf(after)]
  const found = [...olds].flatMap(([type, emitters]) => {
    const now = news.get(type) ?? []
    const announced = announcementOf(emitters, now, versionsOf(after))
    return eventChanges(emitters, now).map((change) => ({
      ...{ where: `events/${type}`, ...change },
      ...(change.effect === 'breaks' && announced ? { announced } : {}),
    }))
  })
  return [...found, ...subscriberFindings(before, after, olds)]
}

function eventChanges(before: readonly Emitter[], after: readonly Emitter[]): readonly Change[] {
  if (after.length === 0) return [breaks('readers', 'is not emitted any more')]
  const found = findIncompatibilities(nodes(after), nodes(before), { path: 'data', reader: true })
  return toChanges(found, describeToReaders, 'readers')
}

/** An event that was emitted before may be delivered after, and the subscriber must still accept it. */
function subscriberFindings(
  before: ContractsData,
  after: ContractsData,
  emitted: ReadonlyMap<string, readonly Emitter[]>,
): readonly Finding[] {
  return before.subscribers.flatMap((old): readonly Finding[] => {
    const where = `functions/${old.name}`
    const now = after.subscribers.find(({ name }) => name === old.name)
    if (now?.on !== old.on) {
      const what = now ? `takes ${now.on} and not ${old.on} any more` : `does not take ${old.on} any more`
      return [{ where, ...note(`${what}, and pending deliveries are lost`) }]
    }
    const found = findIncompatibilities(nodes(emitted.get(old.on) ?? []), [nodeOf(now.takes)], { path: 'data' })
    const announced = versionRaise(old.version, now.version)
    return toChanges(found, describeToDeliveries, 'deliveries').map((change) => ({
      ...{ where, ...change },
      ...(announced ? { announced } : {}),
    }))
  })
}

const nodes = (emitters: readonly Emitter[]) => emitters.map(({ schema }) => nodeOf(schema))

function emittersOf({ endpoints, subscribers }: ContractsData): ReadonlyMap<string, readonly Emitter[]> {
  const all = [...endpoints.map((endpoint) => ({ ...endpoint, name: endpoint.route.name })), ...subscribers]
  const emitted = all.flatMap(({ name, version, emits }) =>
    Object.entries(emits).map(([type, schema]) => ({ type, name, version, schema })),
  )
  return Map.groupBy(emitted, ({ type }) => type)
}

function versionsOf({ endpoints, subscribers }: ContractsData): ReadonlyMap<string, string | undefined> {
  const names = [...endpoints.map(({ route, version }) => ({ name: route.name, version })), ...subscribers]
  return new Map(names.map(({ name, version }) => [name, version]))
}

function announcementOf(
  before: readonly Emitter[],
  after: readonly Emitter[],
  versions: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const same = (a: Emitter) => (b: Emitter) =>
    a.name === b.name && JSON.stringify(a.schema) === JSON.stringify(b.schema)
  const changed = before.filter((old) => !after.some(same(old)))
  const raises = changed.map(({ name, version }) => versions.has(name) && versionRaise(version, versions.get(name)))
  if (raises.length === 0 || raises.includes(undefined) || raises.includes(false)) return undefined
  return changed.map(({ name }, i) => `${name}'s ${raises[i]}`).join(' and ')
}
