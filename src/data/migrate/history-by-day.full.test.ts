import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import pg from 'pg'
import { leaseDeliveries } from '../queue/deliveries.ts'
import { showEvent } from '../queue/events.ts'
import { fanOut } from '../queue/fan-out.ts'
import { settleDeliveries } from '../queue/settle-deliveries.ts'
import { migrate } from './migrate.ts'
import { testHistory } from './test-support.ts'

const { url, query, folder } = testHistory()
const PLATFORM = 'src/data/migrations'
const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`

/** The tables of 0.2, with an event in each state. */
async function begunBefore() {
  const names = (await readdir(PLATFORM)).filter((name) => name < '0020')
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(PLATFORM, name), 'utf8')] as const),
  )
  await migrate(url, { platform: await folder(Object.fromEntries(files)), team: await folder({}) })
  await query(`
    insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, created_at, fanned_out_at)
    select ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'user.created', 's', '1', 't', 'c', 'ann',
           now() - interval '1 day', case when n < 4 then now() end
    from generate_series(1, 4) as n;
    insert into ebb.delivery (event_id, consumer, state, attempts, settled_at)
    values ('${id(1)}', 'hear', 'done', 1, now()), ('${id(2)}', 'hear', 'dead', 1, now()), ('${id(3)}', 'hear', 'waiting', 0, null);
    insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, traceparent)
    values ('${id(1)}', 'hear', 1, now(), 1, 200, 't'), ('${id(2)}', 'hear', 1, now(), 1, 400, 't');
    insert into ebb.inbox (consumer, source, id) values ('hear', 's', '${id(1)}');
    insert into ebb.idempotency (caller, route, key, fingerprint, status, headers, body)
    values ('ann', 'place', 'k', '\\x01', 201, '{}', 'stored')`)
}

it('takes over what there is: events in each state, inbox and keys', async () => {
  await begunBefore()
  await migrate(url, { platform: PLATFORM, team: await folder({}) })
  const pool = new pg.Pool({ connectionString: url })
  try {
    expect(await showEvent(pool, id(1))).toMatchObject({ deliveries: [{ state: 'done', history: [{ status: 200 }] }] })
    expect(await showEvent(pool, id(2))).toMatchObject({ deliveries: [{ state: 'dead', history: [{ status: 400 }] }] })
    // The event that no relay had seen, which has no transaction, is seen by the first look.
    expect((await fanOut(pool, [{ name: 'hear', on: 'user.created' }])).events).toBe(1)
    const leased = await leaseDeliveries(pool, 'hear', { limit: 10, leaseMs: 60_000 })
    expect(leased.map(({ eventId }) => eventId).sort()).toEqual([id(3), id(4)])
    const settlement = { state: 'done', durationMs: 1, status: 204 } as const
    await settleDeliveries(
      pool,
      leased.map((delivery) => ({ delivery, settlement })),
    )
    expect(await showEvent(pool, id(3))).toMatchObject({ deliveries: [{ state: 'done', attempts: 1 }] })
    const take = (time: string) => query(`select * from ebb.take_event('hear', 's', '${id(1)}'${time})`)
    // It has been taken, whether the function knows of its time or not.
    expect([await take(''), await take(", now() - interval '1 day'")]).toEqual([
      [{ outstanding: null }],
      [{ outstanding: null }],
    ])
    expect(await query(`select outcome from ebb.claim_key('ann', 'place', 'k', '\\x01')`)).toEqual([
      { outcome: 'finished' },
    ])
  } finally {
    await pool.end()
  }
})

it('an event is taken once by functions of both versions, whichever is first', async () => {
  await migrate(url, { platform: PLATFORM, team: await folder({}) })
  const take = async (event: string, time: string) =>
    (await query(`select * from ebb.take_event('hear', 's', '${event}'${time})`)).length
  const fixed = ", '2026-11-30T00:00:00Z'"
  expect([await take('a', ''), await take('a', fixed), await take('a', '')]).toEqual([0, 1, 1])
  expect([await take('b', fixed), await take('b', ''), await take('b', fixed)]).toEqual([0, 1, 1])
  // Its sender may say another time when it sends it again.
  expect([await take('c', fixed), await take('c', ', now()')]).toEqual([0, 1])
})

it('a relay of 0.2 goes on beside it: what it fans out, leases and settles is seen by this one', async () => {
  await begunBefore()
  await migrate(url, { platform: PLATFORM, team: await folder({}) })
  await query(`
    with fresh as (select id from ebb.outbox where fanned_out_at is null for update skip locked),
    made as (insert into ebb.delivery (event_id, consumer, available_at) select id, 'hear', now() from fresh on conflict do nothing)
    update ebb.outbox set fanned_out_at = now() from fresh where outbox.id = fresh.id`)
  await query(`update ebb.delivery set state = 'leased', attempts = 1, lease_token = gen_random_uuid(), locked_until = now()
               where event_id = '${id(4)}'`)
  await query(`
    with settled as (update ebb.delivery set state = 'done', lease_token = null, locked_until = null, settled_at = now()
                     where event_id = '${id(4)}' returning event_id, consumer, attempts)
    insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, traceparent)
    select event_id, consumer, attempts, now(), 1, 200, 't' from settled`)
  const pool = new pg.Pool({ connectionString: url })
  try {
    expect(await showEvent(pool, id(4))).toMatchObject({ deliveries: [{ state: 'done', attempts: 1 }] })
  } finally {
    await pool.end()
  }
})
