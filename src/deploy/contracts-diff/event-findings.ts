import type { ContractsData } from '../contracts-data.ts'
import type { JsonSchema } from '../json-schema.ts'
import { breaks, type Change, type Finding, note, raised } from './finding.ts'
import { misfits } from './misfits.ts'
import { nodeOf } from './node.ts'
import { sentences, toDeliveries, toReaders } from './say.ts'

/** Who emits an event, and as what. */
interface Emitter {
  readonly name: string
  readonly version: string | undefined
  readonly schema: JsonSchema
}

/**
 * What changed events mean to whoever reads them, and to deliveries under way. An event has no version of its own: it
 * is announced where every contract that changed it has raised its own.
 */
export function eventFindings(before: ContractsData, after: ContractsData): readonly Finding[] {
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
  const found = misfits(nodes(after), nodes(before), { path: 'data', reader: true })
  return sentences(found, toReaders, 'readers')
}

/** What was emitted before may be delivered after: to a subscriber that must still take it. */
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
      return [{ where, ...note(`${what}, and deliveries under way are lost`) }]
    }
    const found = misfits(nodes(emitted.get(old.on) ?? []), [nodeOf(now.takes)], { path: 'data' })
    const announced = raised(old.version, now.version)
    return sentences(found, toDeliveries, 'deliveries').map((change) => ({
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
  const said = changed.map(({ name, version }) => versions.has(name) && raised(version, versions.get(name)))
  if (said.length === 0 || said.includes(undefined) || said.includes(false)) return undefined
  return changed.map(({ name }, i) => `${name}'s ${said[i]}`).join(' and ')
}
