import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { countDeliveries } from '../../../src/data/queue/tally.ts'
import { CALL_MS, RELAYS } from './platform.ts'
import type { Violation } from './verdict.ts'

interface HistoryOptions {
  readonly database: pg.ClientBase
  /** Of the parts' logs. */
  readonly folder: string
}

/** What is wrong in the history of the deliveries, although every effect may be there once. */
export async function judgeHistory({ database, folder }: HistoryOptions): Promise<readonly Violation[]> {
  const open = await findViolations(database, 'lost', openSql)
  const torn = await findViolations(database, 'untrue', tornSql)
  const short = await findViolations(database, 'untrue', shortSql, [CALL_MS])
  const lost = (await countDeliveries(database)).flatMap(({ consumer, made, done, dropped, waiting, leased, dead }) => {
    const unaccounted = made - done - dropped - waiting - leased - dead
    const what = `${unaccounted} of its ${made} deliveries are not accounted for`
    return unaccounted === 0 ? [] : [{ kind: 'lost' as const, name: consumer, what }]
  })
  return [...open, ...torn, ...short, ...lost, ...findSettledTwice(await readRelayLogs(folder))]
}

/** How often attempts ended in which way. */
export async function countAttempts(database: pg.ClientBase): Promise<Readonly<Record<string, number>>> {
  const { rows } = await database.query<{ how: string; count: number }>(`
    select 'attempts: ' || consumer || ': ' || coalesce(status::text, error) as how, count(*)::int as count
    from ebb.attempt group by 1 order by 1`)
  return Object.fromEntries(rows.map(({ how, count }) => [how, count]))
}

/** What is neither done nor on its way, or still on its way. Under the settled ones is one that succeeded, the last. */
const openSql = `
  select correlation_id as name, consumer || ' is ' || state || ' after ' || attempts || ' attempts' as what
  from ebb.delivery join ebb.outbox on id = event_id where state <> 'done'`

const tornSql = `
  select correlation_id as name, consumer || ': its attempts do not end with the only one that succeeded' as what
  from ebb.attempt join ebb.outbox on id = event_id
  group by correlation_id, event_id, consumer
  having count(*) <> max(number)
      or array_agg(number) filter (where outcome = 'done') is distinct from array[max(number)]`

/** A lease that was over before its relay had settled has lasted for longer than its call may take: $1 ms. */
const shortSql = `
  select correlation_id as name,
    consumer || ': the lease of attempt ' || number || ' lasted ' || duration_ms || ' ms, and its call may take ' || $1 || ' ms' as what
  from ebb.attempt join ebb.outbox on id = event_id where error = 'the relay was lost' and duration_ms <= $1::int`

async function findViolations(
  database: pg.ClientBase,
  kind: Violation['kind'],
  text: string,
  values: readonly unknown[] = [],
) {
  const { rows } = await database.query<Pick<Violation, 'name' | 'what'>>(text, [...values])
  return rows.map((row): Violation => ({ kind, ...row }))
}

interface RelayLine {
  readonly msg: string
  readonly event: string
  readonly function: string
  readonly attempt: number
  readonly outcome: string
  readonly correlationId: string
}

async function readRelayLogs(folder: string): Promise<readonly RelayLine[]> {
  const texts = await Promise.all(RELAYS.map((name) => readFile(join(folder, `${name}.log`), 'utf8')))
  return texts.flatMap((text) => text.split('\n').flatMap(parseLine))
}

/** The last line of a process that was killed may be torn. */
function parseLine(text: string): readonly RelayLine[] {
  try {
    const line: RelayLine = JSON.parse(text)
    return line.msg === 'delivery' ? [line] : []
  } catch {
    return []
  }
}

/** An attempt ends once: by the relay that has its lease, or by the one that takes it back. What comes later is stale. */
function findSettledTwice(lines: readonly RelayLine[]): readonly Violation[] {
  const ends = new Map<string, RelayLine[]>()
  for (const line of lines) {
    if (!['done', 'retry', 'dead'].includes(line.outcome)) continue
    const key = `${line.function}: attempt ${line.attempt} of ${line.event}`
    ends.set(key, [...(ends.get(key) ?? []), line])
  }
  const twice = [...ends].filter(([, settled]) => settled.length > 1)
  return twice.map(([key, settled]) => ({
    kind: 'untrue',
    name: settled[0]?.correlationId ?? '',
    what: `${key} was settled ${settled.length} times: ${settled.map(({ outcome }) => outcome).join(', ')}`,
  }))
}
