import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { http, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const contract = endpoint({
  ...{ name: 'meet-others', summary: 'Loses against others.', method: 'POST', path: '/v1/meetings' },
  body: z.object({ code: z.string(), times: z.int(), atCommit: z.boolean() }),
  ...{ reply: { status: 200, body: z.object({ pid: z.int() }) }, access: {}, timeoutMs: 10_000, idempotent: true },
})
type Handler = Parameters<typeof implement<typeof contract, { sql: typeof postgres }>>[2]
const meet: Handler = async ({ body: { code, times, atCommit } }, { sql }) => {
  await sql`insert into meetings (code, times, at_commit) values (${code}, ${times}, ${atCommit})`
  const [row] = await sql<{ pid: number }>`select pg_backend_pid() as pid`
  return { pid: row?.pid ?? 0 }
}
const env = { EBB_POOL_MAX: '1' }
const alone = testFunction(implement(contract, { sql: postgres }, meet), { env })
const withHttp = testFunction(implement(contract, { sql: postgres, http }, meet), { env })

/** Fails as often as a row says: a sequence goes on counting through rollbacks. */
const CLASH = `
  create table meetings (code text, times int, at_commit boolean);
  create sequence tries;
  create function clash() returns trigger language plpgsql as $$ begin
    if nextval('tries') <= new.times then raise exception using errcode = new.code; end if;
    return new;
  end $$;
  create constraint trigger clash after insert on meetings for each row when (not new.at_commit) execute function clash();
  create constraint trigger clash_late after insert on meetings deferrable initially deferred
    for each row when (new.at_commit) execute function clash()`
beforeAll(async () => {
  for (const fn of [alone, withHttp]) await fn.query(CLASH)
})
beforeEach(async () => {
  for (const fn of [alone, withHttp]) await fn.query(`alter sequence tries restart; truncate meetings`)
})

let key = 0
const send = async (fn: typeof alone, code: string, times: number, atCommit: boolean) =>
  (await fn.as({ sub: 'ada' })).post('/v1/meetings').set('Idempotency-Key', `k${++key}`).send({ code, times, atCommit })
const rows = async (fn: typeof alone) => (await fn.query('select from meetings')).length

describe.each([
  ['a serialization failure', '40001'],
  ['a deadlock', '40P01'],
  ['a lock that is not available', '55P03'],
])('%s', (_what, code) => {
  it.each([false, true])('200 after one more try, with one effect (at COMMIT: %s)', async (atCommit) => {
    const { body } = await send(alone, code, 0, atCommit)
    const { status, body: next } = await send(alone, code, 2, atCommit)
    expect([status, await rows(alone)]).toEqual([200, 2])
    // The connection is good and stays open.
    expect(next.pid).toBe(body.pid)
  })

  it.each([false, true])('503 with Retry-After where the second try loses, too (at COMMIT: %s)', async (atCommit) => {
    const { status, headers, body } = await send(alone, code, 2, atCommit)
    expect([status, body.error, headers['retry-after']]).toEqual([503, 'unavailable', '1'])
    expect(body.message).toBe('Another request worked on the same data at the same time; send it again.')
    expect(await rows(alone)).toBe(0)
  })

  it('503 at once where the handler may have acted outside of the transaction', async () => {
    expect((await send(withHttp, code, 1, false)).status).toBe(503)
    expect((await send(withHttp, code, 1, false)).status).toBe(200)
  })
})
