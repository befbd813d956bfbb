import type pg from 'pg'
import type { Effects } from './effects.ts'
import type { LedgerLine } from './ledger.ts'

/** Something that Ebb promises not to do, with the entry that shows it. */
export interface Violation {
  readonly kind: 'lost' | 'doubled' | 'untrue'
  readonly name: string
  readonly what: string
}

interface Evidence {
  readonly database: pg.ClientBase
  readonly ledger: readonly LedgerLine[]
  readonly effects: Pick<Effects, 'calls' | 'mails'>
  /** What callers were told of their asynchronous requests: their ids, and whose attempts are used up. */
  readonly ids: ReadonlyMap<string, string>
  readonly givenUp: ReadonlySet<string>
}

/** Compares what callers were told with what is in the team's tables, and with what reached the third party. */
export async function judge({ database, ledger, effects, ids, givenUp }: Evidence): Promise<readonly Violation[]> {
  const acknowledged = new Map(ledger.filter(({ what }) => what === 'acknowledged').map((line) => [line.name, line]))
  const kept = await groupRows(database, 'select name, id::text as value from entries')
  const events = await groupRows(
    database,
    `select payload ->> 'name' as name, id::text as value from ebb.outbox where type = 'entry.kept'`,
  )
  const recorded = await groupRows(database, 'select entry as name, event::text as value from recorded')
  const told = await groupRows(database, 'select entry as name, event::text as value from told')
  const called = group(effects.calls.map(({ name, key }) => [name, key]))
  const mailed = group(effects.mails().map(([name = '', id = '']) => [name, id]))

  const found: Violation[] = []
  const add = (kind: Violation['kind'], name: string, what: string) => found.push({ kind, name, what })
  const expectOne = (name: string, what: string, rows: readonly string[]) => {
    if (rows.length === 0) add('lost', name, `no ${what}`)
    if (rows.length > 1) add('doubled', name, `${rows.length} × ${what}`)
  }
  /** Outside the transaction it may come again, as the same. */
  const expectSame = (name: string, what: string, values: readonly string[]) => {
    if (values.length === 0) add('lost', name, `no ${what}`)
    const different = new Set(values).size
    if (different > 1) add('doubled', name, `${different} different keys of ${what}`)
  }
  for (const { name, id = ids.get(name) } of acknowledged.values()) {
    const rows = kept.get(name) ?? []
    // Its caller was told that it failed: it is done once or not at all.
    if (givenUp.has(name) && rows.length === 0) continue
    expectOne(name, 'row in entries', rows)
    if (id !== undefined && !rows.includes(id))
      add('untrue', name, `it was told the id ${id}, of which there is no row`)
    expectOne(name, 'event', events.get(name) ?? [])
    expectOne(name, 'row of record-entry', recorded.get(name) ?? [])
    expectOne(name, 'row of tell-entry', told.get(name) ?? [])
    expectSame(name, 'call of the third party', called.get(name) ?? [])
    expectSame(name, 'mail', mailed.get(name) ?? [])
  }
  for (const name of new Set([...kept.keys(), ...told.keys(), ...recorded.keys(), ...called.keys()]))
    if (!acknowledged.has(name)) add('untrue', name, 'an effect of what nobody was told of')
  return [...found, ...findChanged(ledger, acknowledged)]
}

/** A request that is sent again has the answer that it had. */
function findChanged(ledger: readonly LedgerLine[], first: ReadonlyMap<string, LedgerLine>): readonly Violation[] {
  const changed = ledger.filter(({ what, name, id, location }) => {
    const before = first.get(name)
    return what === 'replayed' && (id !== before?.id || location !== before?.location)
  })
  return changed.map(({ name }) => ({ kind: 'untrue', name, what: 'the same request got another answer' }))
}

const group = (pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, readonly string[]> => {
  const grouped = new Map<string, string[]>()
  for (const [name, value] of pairs) grouped.set(name, [...(grouped.get(name) ?? []), value])
  return grouped
}

async function groupRows(database: pg.ClientBase, text: string) {
  const { rows } = await database.query<{ name: string; value: string }>(text)
  return group(rows.map(({ name, value }) => [name, value]))
}
