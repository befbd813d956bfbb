import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog } from 'ebb/kernel'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, gatewaySettings, startTestGateway } from '../test-support.ts'

// Hooks run in the order in which they are declared: the pool lets go before the database is dropped.
afterAll(() => pool.end())
const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
const idOf = (n: number) => `00000000-0000-4000-8000-00000000000${n}`

/** The first waits, the second is being called, the third is done. */
beforeEach(async () => {
  await pool.query('truncate ebb.invocation cascade')
  await pool.query(
    `insert into ebb.invocation (id, caller, tenant, scopes, function, method, target, headers, body, correlation_id, traceparent,
       state, attempts, lease_token, locked_until, status, answer_headers, answer_body, settled_at, created_at)
     select id, 'ann', nullif(tenant, ''), '{}', 'create-thing', 'POST', '/v1/things?key=ebb_live_' || repeat('a', 32) || '_' || repeat('0', 8),
       '{"authorization":"secret"}', '\\x01', 'c' || nth, '00-a-b-01', state, attempts,
       case when state = 'leased' then gen_random_uuid() end, case when state = 'leased' then now() + interval '1 hour' end,
       case when state = 'done' then 201 end, case when state = 'done' then '{"content-type":"application/json"}'::jsonb end,
       case when state = 'done' then '{"id":7}'::bytea end, case when state = 'done' then now() end, now() + nth * interval '1 s'
     from unnest($1::uuid[], array['', 'acme', ''], array['waiting', 'leased', 'done'], array[0, 1, 1]) with ordinality
       as given (id, tenant, state, attempts, nth)`,
    [[idOf(1), idOf(2), idOf(3)]],
  )
  await pool.query(
    `insert into ebb.invocation_attempt (invocation_id, number, started_at, duration_ms, status) values ($1, 1, now(), 12, 201)`,
    [idOf(3)],
  )
})

async function start() {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const { admin } = await startTestGateway(env)
  const get = (path: string) => fetch(admin + path, { headers: ADMIN })
  const cancel = (id: string) =>
    fetch(`${admin}/v1/invocations/${id}/cancel`, {
      ...{ method: 'POST', body: '{"reason":"asked for twice"}' },
      headers: { ...ADMIN, 'content-type': 'application/json' },
    })
  return { get, cancel }
}

it('200 the calls of all callers, the newest first, filtered and page by page', async () => {
  const { get } = await start()
  interface Page {
    readonly invocations: readonly { id: string }[]
    readonly next?: string
  }
  const list = async (query: string) => (await (await get(`/v1/invocations?${query}`)).json()) as Page
  const ids = async (query: string) => (await list(query)).invocations.map(({ id }) => id)
  expect(await ids('')).toEqual([idOf(3), idOf(2), idOf(1)])
  expect([await ids('state=leased'), await ids('tenant=acme'), await ids('correlation=c1')]).toEqual([
    [idOf(2)],
    [idOf(2)],
    [idOf(1)],
  ])
  const first = await list('limit=2')
  expect([first.next, await ids(`limit=2&before=${first.next}`)]).toEqual([idOf(2), [idOf(1)]])
})

it('200 one with its attempts and response, and nothing of what its caller sent', async () => {
  const { get } = await start()
  const text = await (await get(`/v1/invocations/${idOf(3)}`)).text()
  expect(JSON.parse(text)).toMatchObject({
    ...{ state: 'done', target: '/v1/things?key=[redacted]', callback: null, status: 201 },
    response: { status: 201, body: '{"id":7}', bytes: 8 },
    history: [{ number: 1, durationMs: 12, status: 201, error: null }],
  })
  expect(text).not.toContain('secret')
  expect((await get(`/v1/invocations/${idOf(9)}`)).status).toBe(404)
})

it('204 cancels one that has not begun, with a row of who did it and why, and 409 any other', async () => {
  const { get, cancel } = await start()
  const statuses = [await cancel(idOf(1)), await cancel(idOf(1)), await cancel(idOf(2)), await cancel(idOf(9))]
  expect(statuses.map(({ status }) => status)).toEqual([204, 409, 409, 404])
  expect(await (await get(`/v1/invocations/${idOf(1)}`)).json()).toMatchObject({ state: 'cancelled' })
  const { rows } = await pool.query(
    "select actor, subject, detail from ebb.audit where action = 'invocation.cancelled'",
  )
  expect(rows).toEqual([{ actor: 'admin', subject: idOf(1), detail: { reason: 'asked for twice' } }])
})
