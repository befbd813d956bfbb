import type pg from 'pg'
import type { Limit } from '../../contract/index.ts'
import { toCamelCase } from '../values/read-rows.ts'
import { type Delivery, LEASED_COLUMNS } from './deliveries.ts'
import { isItsEvent } from './its-event.ts'
import { DATA_BYTES } from './payloads.ts'

/** How a subscriber wants its events together. */
export interface Company {
  readonly size: number
  readonly withinMs: number
  /** The attempts that it grants: the last one is alone. */
  readonly attempts: number
}

interface LeaseBatchOptions extends Company {
  readonly leaseMs: number
  /** Nothing was due before. */
  readonly since?: string | undefined
  readonly rate?: Limit | undefined
}

/** Of the data of one batch. Together with its attributes it fits into one request. */
const MAX_DATA_BYTES = 8 * 1024 * 1024
/** How far is looked for events of one tenant, and of as many attempts, where others lie between: so many times a batch. */
const MAX_LOOK = 10

/**
 * Leases one batch of what is due for a subscriber, for `leaseMs`: nothing where what is due neither fills it nor has waited long
 * enough. It is of one tenant.
 */
export async function leaseBatch(
  pool: pg.Pool,
  consumer: string,
  { size, withinMs, attempts, leaseMs, since = '-infinity', rate }: LeaseBatchOptions,
): Promise<Delivery[]> {
  const values = [consumer, size, attempts, withinMs, leaseMs, since, MAX_DATA_BYTES]
  const { rows } = await pool.query(leaseBatchSql(rate ? RATED : UNRATED), [
    ...values,
    ...(rate ? [rate.requests / rate.perSeconds, rate.burst] : []),
  ])
  return rows.map((row) => toCamelCase<Delivery>(row))
}

/**
 * Finds in how many milliseconds as many will be due as go together, for each of these subscribers; without those of which too
 * few are to come.
 */
export async function findCompany(
  pool: pg.Pool,
  subscribers: readonly (Company & { readonly name: string; readonly since: string | undefined })[],
): Promise<ReadonlyMap<string, number>> {
  if (subscribers.length === 0) return new Map()
  const columns = [
    subscribers.map(({ name }) => name),
    subscribers.map(({ since }) => since ?? '-infinity'),
    subscribers.map(({ size }) => size),
    subscribers.map(({ attempts }) => attempts),
  ]
  const { rows } = await pool.query<{ name: string; in_ms: number }>(findCompanySql, columns)
  return new Map(rows.map(({ name, in_ms }) => [name, in_ms]))
}

/** SQL: how many go together with a delivery at most, by how often it has failed. A power of ten is a float: it never overflows. */
const companySql = (size: string, granted: string) => {
  const failed = '(attempts - forgiven - uncounted)'
  return `case when ${failed} > 0 and ${failed} + 1 >= ${granted} then 1 else greatest(1, floor(${size} / 10::float8 ^ ${failed}))::int4 end`
}

/** $1 subscribers, $2 from when on, $3 sizes, $4 attempts that each one grants (parallel arrays). */
const findCompanySql = /* sql */ `
select name, ceil(extract(epoch from last.available_at - now()) * 1000)::float8 as in_ms
from unnest($1::text[], $2::timestamptz[], $3::int4[], $4::int4[]) as asked (name, since, size, granted)
cross join lateral (
  select ${companySql('asked.size', 'asked.granted')} as company from ebb.delivery
  where state = 'waiting' and consumer = asked.name and available_at >= asked.since and available_at < 'infinity'
  order by available_at
  limit 1
) as first
cross join lateral (
  select available_at from ebb.delivery
  where state = 'waiting' and consumer = asked.name and available_at >= asked.since and available_at < 'infinity'
  order by available_at
  limit 1 offset first.company - 1
) as last`

const UNRATED = { before: '', enough: '', after: '' }
/** As in `leaseDeliveries`. It waits until its rate allows all that are there. */
const RATED = {
  before: `rate as materialized (
  select least($9, tokens + extract(epoch from clock_timestamp() - at) * $8)::float8 as tokens
  from ebb.subscriber_rate where consumer = $1 for update
),`,
  enough: 'and (select tokens from rate) >= present',
  after: `,
paid as (
  update ebb.subscriber_rate set tokens = rate.tokens - (select count(*) from leased), at = clock_timestamp()
  from rate where consumer = $1
)`,
}

const DUE = `state = 'waiting' and consumer = $1 and available_at between $6 and now()`

/**
 * Leases the first event that is due for a subscriber ($1) since $6, and those that go with it, for $5 milliseconds: at most $2
 * events, or fewer of those that have failed before, where the subscriber grants $3 attempts; $7 bytes of data at most, but for
 * one alone. They go once there are so many, or when the first one has waited $4 milliseconds. With a rate, $8 is what it may
 * take in a second, and $9 at once. Nothing is locked before it is clear that they go.
 */
const leaseBatchSql = ({ before, enough, after }: typeof UNRATED) => /* sql */ `
with ${before}
first as materialized (
  select first.available_at, tenant, company from (
    select *, ${companySql('$2::int4', '$3::int4')} as company from ebb.delivery where ${DUE} order by available_at limit 1
  ) as first join ebb.outbox on ${isItsEvent('first')}
),
ready as materialized (
  select tenant, company from first, lateral (
    select count(*) as present from (select from ebb.delivery where ${DUE} limit first.company) as nearest
  ) as counted
  where (present >= company or available_at <= now() - $4 * interval '1 ms') ${enough}
),
together as materialized (
  select event_id, row_number() over due as place, sum(data_bytes) over due as bytes
  from (
    select event_id, near.available_at, ${DATA_BYTES} as data_bytes
    from (
      select *, ${companySql('$2::int4', '$3::int4')} as its_company from ebb.delivery
      where ${DUE} order by available_at limit coalesce((select company * ${MAX_LOOK} from ready), 0)
    ) as near join ebb.outbox on ${isItsEvent('near')}, ready
    where its_company = company and outbox.tenant is not distinct from ready.tenant
    order by near.available_at
    limit coalesce((select company from ready), 0)
  ) as nearest
  window due as (order by available_at, event_id)
),
due as materialized (
  select event_id, consumer from ebb.delivery
  where state = 'waiting' and consumer = $1
    and event_id in (select event_id from together where place = 1 or bytes <= $7)
  for update skip locked
),
leased as (
  update ebb.delivery
  set state = 'leased', attempts = attempts + 1, lease_token = gen_random_uuid(),
      locked_until = now() + $5 * interval '1 ms'
  from due
  where delivery.event_id = due.event_id and delivery.consumer = due.consumer
  returning delivery.event_id, delivery.consumer, attempts, forgiven + uncounted as attempts_not_counted,
            redrive_id, lease_token, event_time, delivery.partition_key, edited, available_at
)${after}
select ${LEASED_COLUMNS}
from leased join ebb.outbox on ${isItsEvent('leased')}
order by leased.available_at`
