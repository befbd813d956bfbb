import type pg from 'pg'
import type { Rule } from './firings.ts'

/** The next and the last firing of a schedule, for operators. Times are RFC 3339. */
export interface LastFiring {
  readonly nextAt: string | null
  /** How many firings wait for the end of the one before. */
  readonly waiting: number
  readonly last: {
    readonly plannedAt: string
    readonly state: 'waiting' | 'running' | 'done' | 'dead' | 'skipped' | 'missed'
    readonly eventId: string | null
    readonly manual: boolean
  } | null
}

/** Finds the next and the last firings of schedules, by name. */
export async function findLastFirings(pool: pg.Pool, rules: readonly Rule[]): Promise<ReadonlyMap<string, LastFiring>> {
  const values = [rules.map(({ name }) => name), rules.map(({ cron }) => cron), rules.map(({ timeZone }) => timeZone)]
  const { rows } = await pool.query<LastFiring & { readonly name: string }>(findLastFiringsSql, values)
  return new Map(rows.map(({ name, ...found }) => [name, found]))
}

const rfc3339 = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** One that was fired is as its one delivery is: a live one, or dead, or gone and done. */
const findLastFiringsSql = /* sql */ `
select name, ${rfc3339('next_at')} as "nextAt",
  (select count(*) from ebb.firing where schedule = name and state = 'waiting')::int as waiting,
  (
    select jsonb_build_object(
      'plannedAt', ${rfc3339('planned_at')}, 'eventId', event_id, 'manual', manual,
      'state', case when firing.state <> 'fired' then firing.state else coalesce(
        (
          select case delivery.state when 'dead' then 'dead' when 'done' then 'done' else 'running' end
          from ebb.delivery where delivery.event_id = firing.event_id and consumer = name
        ),
        (
          select 'running' from ebb.outbox
          where id = event_id and created_at = decided_at and fanned_out_at is null
        ),
        'done'
      ) end
    )
    from ebb.firing where schedule = name order by planned_at desc limit 1
  ) as last
from unnest($1::text[], $2::text[], $3::text[]) as rule (name, cron, time_zone)
left join ebb.schedule using (name, cron, time_zone)`
