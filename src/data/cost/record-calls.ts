import type pg from 'pg'
import type { CallTally } from './tally-calls.ts'
import type { TracedMinute } from './trace-minutes.ts'

/** What a gateway or a relay writes down at a time. */
export interface RecordedCalls {
  readonly by: 'gateway' | 'relay'
  /** This process. */
  readonly recorder: string
  /** Its seconds since it last did so, and whether it is for the first time. */
  readonly seconds: number
  readonly cpuSeconds: number
  readonly instances: 0 | 1
  readonly tallies: readonly CallTally[]
  readonly minutes: readonly TracedMinute[]
}

/** Adds to the sums of this hour and to the minutes, in one transaction of one packet. */
export async function recordCalls(client: pg.ClientBase, recorded: RecordedCalls): Promise<void> {
  const { by, recorder, seconds, cpuSeconds, instances, tallies, minutes } = recorded
  await client.query(RECORD, [by, recorder, seconds, cpuSeconds, instances, JSON.stringify(tallies), toJson(minutes)])
}

const toJson = (minutes: RecordedCalls['minutes']) =>
  JSON.stringify(
    minutes.map(({ name, minute, trace: { began, warm, waited, starts, asked, ...trace } }) => ({
      ...{ name, minute, ...trace, asked, began: began.pairs() },
      size: Math.max(began.total(), (asked?.length ?? 0) / 2),
      ...{ warm: Object.fromEntries(warm), waited: Object.fromEntries(waited), starts: Object.fromEntries(starts) },
    })),
  )

/** In the order of their keys, so that several gateways lock the rows in one order. */
const RECORD = /* sql */ `
with used as (
  insert into ebb.instance_hour as known (hour, kind, name, cpu_milli, memory_mib, instances, busy_seconds, cpu_seconds)
  select hour, $1::text, $1::text, 0, 0, $5::integer, $3::float8, $4::float8
  from unnest(array['-infinity', date_trunc('hour', now(), 'UTC')]) with ordinality as hours (hour, n) order by n
  on conflict (hour, kind, name, cpu_milli, memory_mib) do update set
    instances = known.instances + excluded.instances, busy_seconds = known.busy_seconds + excluded.busy_seconds,
    cpu_seconds = known.cpu_seconds + excluded.cpu_seconds
),
called as (
  insert into ebb.call_hour as known (hour, route, by, plan, tenant, requests, calls, deferred, cold_starts, warm_seconds, bytes)
  select date_trunc('hour', now(), 'UTC'), route, $1::text, plan, tenant, requests, calls, deferred, "coldStarts", "warmSeconds", bytes
  from jsonb_to_recordset($6::jsonb) as tally (route text, plan text, tenant text, requests bigint, calls bigint, deferred bigint,
                                               "coldStarts" bigint, "warmSeconds" float8, bytes bigint)
  order by route, plan, tenant
  on conflict (hour, route, by, plan, tenant) do update set
    requests = known.requests + excluded.requests, calls = known.calls + excluded.calls, deferred = known.deferred + excluded.deferred,
    cold_starts = known.cold_starts + excluded.cold_starts, warm_seconds = known.warm_seconds + excluded.warm_seconds,
    bytes = known.bytes + excluded.bytes
)
insert into ebb.call_minute (minute, function, recorder, size, began, warm, waited, starts, tail_seconds, asked, share)
select minute, name, $2::uuid, size, began, warm, waited, starts, "tailSeconds", asked, share
from jsonb_to_recordset($7::jsonb) as trace (minute timestamptz, name text, size integer, began integer[], warm jsonb, waited jsonb,
                                             starts jsonb, "tailSeconds" float8, asked integer[], share real)
on conflict (minute, function, recorder) do nothing`
