import { expect, it } from '@jest/globals'
import type { AdminOutput } from '../../../src/protocol/admin/admin-endpoint.ts'
import type { explainId } from '../../../src/protocol/admin/traces.ts'
import { ADMIN } from '../test-support.ts'
import { testDeadLetters } from './test-support.ts'

const { pool, start, bury } = testDeadLetters()
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

/** A gateway as on a cluster: no recorder is beside it. */
async function asOnACluster(env: Readonly<Record<string, string>> = {}) {
  const { admin, url } = await start(env)
  const ask = async (path: string) => {
    const response = await fetch(`${admin}${path}`, { headers: ADMIN })
    // The admin API has the types of this checkout.
    return { status: response.status, body: (await response.json()) as AdminOutput<typeof explainId> }
  }
  const [event = ''] = await bury('send-welcome', [{}])
  await pool.query(`update ebb.outbox set correlation_id = 'click-1', traceparent = $1`, [
    `00-${TRACE}-00f067aa0ba902b7-01`,
  ])
  return { ask, event, url }
}

it('tells from the database what became of a request, by each of its ids, and what it could not see', async () => {
  const { ask, event } = await asOnACluster({ EBB_TRACES_URL: 'https://jaeger.example/trace/{traceId}' })
  for (const id of ['click-1', TRACE, event]) {
    const { status, body: story } = await ask(`/v1/explain/${id}`)
    expect([id, status]).toEqual([id, 200])
    expect(story).toMatchObject({ correlationIds: ['click-1'], traceIds: [TRACE] })
    expect(story.steps.map(({ kind, says }) => `${kind} ${says}`)).toEqual([
      `event emits user.created (${event})`,
      'delivery user.created to send-welcome, attempt 1: 500 after 1 ms',
    ])
    expect(story.causes).toEqual([
      {
        part: 'relay',
        says: `user.created (${event}) to send-welcome is dead after 1 attempt: the last one answered 500`,
        step: 1,
      },
    ])
    expect(story.unseen).toEqual([
      expect.stringMatching(
        /^Of the log only the last requests of the gateway that was asked are seen, and no spans: /,
      ),
      `Its spans are at https://jaeger.example/trace/${TRACE}`,
    ])
  }
})

it('tells what this gateway itself has answered, and why, though the log is elsewhere', async () => {
  const { ask, url } = await asOnACluster()
  await fetch(`${url}/v1/nowhere`, { headers: { 'x-correlation-id': 'click-2-of-ada' } })
  const { status, body } = await ask('/v1/explain/click-2-of-ada')
  expect([status, body.causes]).toEqual([
    200,
    [{ part: 'gateway', says: '404 not_found, without a call of any function', step: null }],
  ])
  expect(body.steps[0]?.says).toMatch(
    /^GET \/v1\/nowhere by anonymous: 404 after \d+ ms, ended at the gateway: not_found$/,
  )
})

it('says where spans are that are not kept here', async () => {
  const { ask } = await asOnACluster({ EBB_TRACES_URL: 'https://jaeger.example/trace/{traceId}' })
  expect(await ask('/v1/traces')).toEqual({
    status: 200,
    body: { kept: false, link: 'https://jaeger.example/trace/{traceId}', since: null, dropped: 0, traces: [] },
  })
  expect(await ask(`/v1/traces/${TRACE}`)).toMatchObject({
    ...{ status: 404, body: { message: `No spans are kept here; see https://jaeger.example/trace/${TRACE}.` } },
  })
  expect(await ask('/v1/explain/unknown-id')).toMatchObject({
    ...{
      status: 404,
      body: { message: expect.stringMatching(/^Nothing that can be seen here has the id unknown-id\. Of the log/) },
    },
  })
})

it('tells the rest where the recorder does not answer', async () => {
  const { ask } = await asOnACluster({ EBB_RECORDER_URL: 'http://127.0.0.1:1' })
  expect((await ask('/v1/traces')).status).toBe(503)
  const { body } = await ask('/v1/explain/click-1')
  expect(body).toMatchObject({
    unseen: ['The recorder of this laptop does not answer: its log lines and spans are not seen.'],
    causes: [{ part: 'relay' }],
  })
})

it('finds what belongs to a request by an index, in the days to come as well', async () => {
  await asOnACluster()
  const { rows } = await pool.query(`
    select count(*)::int as parts, count(*) filter (where exists (
      select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid = inhrelid and attname = 'correlation_id'
    ))::int as indexed
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'ebb.outbox'::regclass and relname <> 'outbox_before'`)
  expect(rows[0]?.indexed).toBe(rows[0]?.parts)
})
