import type { ContractsData, EventVersionData, SubscriberData } from '../contracts-data.ts'
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
import { nodeOf } from './schema-node.ts'

/** A function that emits a version of an event, and the schema of its data there. */
interface Emitter extends EventVersionData {
  readonly name: string
  /** Of its contract. */
  readonly contract: string | undefined
}

/**
 * What changed events mean to their readers, and to pending deliveries. A newer version in place of an older one announces itself;
 * a change within a version is announced where every contract that changed it has raised its own.
 */
export function eventFindings(before: ContractsData, after: ContractsData): readonly Finding[] {
  const [olds, news] = [emittersOf(before), emittersOf(after)]
  const found = [...olds].flatMap(([type, emitters]) => {
    const now = news.get(type) ?? []
    const where = `events/${type}`
    const announced = announcementOf(emitters, now, versionsOf(after))
    const changes = eventChanges(emitters, now).map((change) => ({
      ...{ where, ...change },
      ...(change.effect === 'breaks' && announced ? { announced } : {}),
    }))
    return [...changes, ...versionFindings(where, emitters, now)]
  })
  return [...found, ...subscriberFindings(before, after, olds)]
}

/** What changed within the versions that are still emitted. */
function eventChanges(before: readonly Emitter[], after: readonly Emitter[]): readonly Change[] {
  if (after.length === 0) return [breaks('readers', 'is not emitted any more')]
  return eachVersion(before).flatMap(({ version, nodes }) => {
    const now = eachVersion(after).find((one) => one.version === version)
    const found = now ? findIncompatibilities(now.nodes, nodes, { path: 'data', reader: true }) : []
    return toChanges(found, describeToReaders, 'readers')
  })
}

/** The versions in whose place others are emitted. Subscribers can read those, or the contracts would not load. */
function versionFindings(where: string, before: readonly Emitter[], after: readonly Emitter[]): readonly Finding[] {
  const now = eachVersion(after).map(({ version }) => version)
  const newest = Math.max(...now)
  return eachVersion(before).flatMap(({ version }): readonly Finding[] => {
    if (now.length === 0 || now.includes(version)) return []
    const announced = versionRaise(String(version), String(newest))
    const change = breaks('readers', `version ${version} is not emitted any more, and version ${newest} is`)
    return [{ where, ...change, ...(announced ? { announced } : {}) }]
  })
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
    const announced = versionRaise(old.version, now.version)
    return [...batchChanges(old, now), ...deliveryChanges(old, now, emitted.get(old.on) ?? [])].map((change) => ({
      ...{ where, ...change },
      ...(announced && change.effect === 'breaks' ? { announced } : {}),
    }))
  })
}

/** While a function is rolled out, each of its revisions takes what is meant for the other. */
function batchChanges({ batch: before }: SubscriberData, { batch: after }: SubscriberData): readonly Change[] {
  if (before?.size === after?.size) return []
  const size = (batch: SubscriberData['batch']) => (batch ? `up to ${batch.size} events` : 'one event')
  return [note(`is called with ${size(after)} at a time, and not with ${size(before)}`)]
}

/** What is stored is of the versions that were emitted, or of those that the subscriber could still read. */
function deliveryChanges(
  before: SubscriberData,
  { reads }: SubscriberData,
  emitters: readonly Emitter[],
): readonly Change[] {
  const emitted = emitters.map(({ version }) => version)
  const stored = eachVersion([...emitters, ...before.reads.filter(({ version }) => !emitted.includes(version))])
  return stored.flatMap(({ version, nodes }) => {
    const read = reads.find((one) => one.version === version)
    if (read) {
      const found = findIncompatibilities(nodes, [nodeOf(read.schema)], { path: 'data' })
      return toChanges(found, describeToDeliveries, 'deliveries')
    }
    const upcast = `give version ${reads[0]?.version} of it an \`upcast\` from version ${version}`
    return [
      breaks('deliveries', `version ${version} is not read any more, and what is stored would be refused: ${upcast}`),
    ]
  })
}

/** The schemas of each version, each with its document. */
const eachVersion = (all: readonly EventVersionData[]) =>
  [...Map.groupBy(all, ({ version }) => version)].map(([version, some]) => ({
    version,
    nodes: some.map(({ schema }) => nodeOf(schema)),
  }))

function emittersOf({ endpoints, subscribers }: ContractsData): ReadonlyMap<string, readonly Emitter[]> {
  const all = [...endpoints.map((endpoint) => ({ ...endpoint, name: endpoint.route.name })), ...subscribers]
  const emitted = all.flatMap(({ name, version: contract, emits }) =>
    Object.entries(emits).map(([type, { version, schema }]) => ({ type, name, contract, version, schema })),
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
    a.name === b.name && a.version === b.version && JSON.stringify(a.schema) === JSON.stringify(b.schema)
  const changed = before.filter((old) => !after.some(same(old)))
  const raises = changed.map(({ name, contract }) => versions.has(name) && versionRaise(contract, versions.get(name)))
  if (raises.length === 0 || raises.includes(undefined) || raises.includes(false)) return undefined
  return changed.map(({ name }, i) => `${name}'s ${raises[i]}`).join(' and ')
}
