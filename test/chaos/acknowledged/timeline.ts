import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type pg from 'pg'
import type { Happened } from './disturb.ts'
import type { Call } from './effects.ts'
import type { LedgerLine } from './ledger.ts'

interface TimelineOptions {
  readonly name: string
  readonly database: pg.ClientBase
  readonly folder: string
  readonly ledger: readonly LedgerLine[]
  readonly calls: readonly Call[]
  readonly faults: readonly Happened[]
}

interface Moment {
  readonly at: string
  readonly text: string
}

/** All that is known of one entry in the order of time: the ledger, the logs, the third party, the faults; and its rows. */
export async function writeTimeline({ name, folder, ledger, calls, faults, database }: TimelineOptions) {
  const own: readonly Moment[] = [
    ...ledger.filter((line) => line.name === name).map(({ at, ...line }) => toMoment(at, 'ledger', line)),
    ...calls.filter((call) => call.name === name).map(({ at, key }) => toMoment(at, 'third party', { key })),
    ...(await readLogs(folder, name)),
  ]
  const times = own.map(({ at }) => Date.parse(at))
  const [from, to] = [Math.min(...times), Math.max(...times)]
  const around = faults
    .filter((fault) => fault.to.getTime() >= from && fault.from.getTime() <= to)
    .map((fault) => toMoment(fault.from.toISOString(), 'fault', { kind: fault.kind, hit: fault.hit, to: fault.to }))
  const moments = [...own, ...around].sort((one, other) => (one.at < other.at ? -1 : 1))
  return [...moments.map(({ at, text }) => `${at} ${text}`), ...(await readRows(database, name))].join('\n')
}

const toMoment = (at: string, who: string, what: object): Moment => ({ at, text: `${who}: ${JSON.stringify(what)}` })

async function readLogs(folder: string, name: string): Promise<readonly Moment[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.log'))
  const found = await Promise.all(
    files.map(async (file) => {
      const lines = (await readFile(join(folder, file), 'utf8')).split('\n')
      return lines
        .filter((line) => line.includes(`"${name}"`))
        .map((text) => ({ at: /"time":"([^"]+)"/.exec(text)?.[1] ?? '', text: `${basename(file, '.log')}: ${text}` }))
    }),
  )
  return found.flat()
}

/** The rows of an entry ($1), whatever columns the tables have. */
const ROWS = {
  outbox: 'select to_jsonb(t) as row from ebb.outbox t where correlation_id = $1',
  delivery: 'select to_jsonb(t) as row from ebb.delivery t where event_id in (select id from events)',
  attempt:
    'select to_jsonb(t) as row from ebb.attempt t where event_id in (select id from events) order by consumer, number',
  inbox: 'select to_jsonb(t) as row from ebb.inbox t where id in (select id::text from events)',
  invocation: 'select to_jsonb(t) as row from ebb.invocation t where correlation_id = $1',
  idempotency: 'select to_jsonb(t) as row from ebb.idempotency t where key = $1',
  entries: 'select to_jsonb(t) as row from entries t where name = $1',
  recorded: 'select to_jsonb(t) as row from recorded t where entry = $1',
  told: 'select to_jsonb(t) as row from told t where entry = $1',
}

async function readRows(database: pg.ClientBase, name: string): Promise<readonly string[]> {
  const texts: string[] = []
  for (const [table, text] of Object.entries(ROWS)) {
    const events = 'with events as (select id from ebb.outbox where correlation_id = $1)'
    const { rows } = await database.query<{ row: object }>(`${events} ${text}`, [name])
    texts.push(...rows.map(({ row }) => `${table}: ${JSON.stringify(row)}`))
    if (rows.length === 0) texts.push(`${table}: no row`)
  }
  return texts
}
