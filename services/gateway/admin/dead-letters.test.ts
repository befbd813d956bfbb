import { describe, expect, it } from '@jest/globals'
import { leaseDeliveries } from '../../../src/data/queue/deliveries.ts'
import { settleDeliveries } from '../../../src/data/queue/settle-deliveries.ts'
import { ADMIN } from '../test-support.ts'
import { testDeadLetters } from './test-support.ts'

const { pool, start, bury, statesOf } = testDeadLetters()

const auditOf = async (action: string) => {
  const { rows } = await pool.query('delete from ebb.audit where action = $1 returning actor, subject, detail', [
    action,
  ])
  return rows
}
const put = (admin: string, id: string, body: unknown, consumer = 'send-welcome') =>
  fetch(`${admin}/v1/events/${id}/deliveries/${consumer}/data`, {
    ...{ method: 'PUT', body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json', ...ADMIN },
  })

describe('PUT /v1/events/{id}/deliveries/{consumer}/data', () => {
  it('is what the subscriber gets then; the event stays as it was, and the audit has both', async () => {
    const { admin, post } = await start()
    const [id = ''] = await bury('send-welcome', [{ n: 1 }])
    expect((await put(admin, id, { data: { name: 'Ada' } })).status).toBe(204)
    expect(await auditOf('event.edited')).toEqual([
      { actor: 'admin', subject: `${id} send-welcome`, detail: { before: { n: 1 }, after: { name: 'Ada' } } },
    ])
    expect(await (await post({})).json()).toMatchObject({ deliveries: [{ outcome: 'first' }] })
    const leased = await leaseDeliveries(pool, 'send-welcome', { limit: 1, leaseMs: 60_000 })
    expect(leased.map(({ data }) => JSON.parse(String(data)))).toEqual([{ name: 'Ada' }])
    const shown = await (await fetch(`${admin}/v1/events/${id}`, { headers: ADMIN })).json()
    expect(shown).toMatchObject({ payload: { n: 1 } })
  })

  it('400 where its schema refuses them, 404 without such a delivery, 409 where it is not dead', async () => {
    const { admin } = await start()
    const [id = '', other = ''] = await bury('send-welcome', [{ name: 'Ada' }, { name: 'Bob' }])
    const bad = await put(admin, id, { data: { n: 2 } })
    expect([bad.status, await bad.json()]).toMatchObject([
      400,
      { details: [{ path: 'data.name', message: 'Missing' }] },
    ])
    expect((await put(admin, id, { data: { name: 'Ada' } }, 'another')).status).toBe(404)
    await pool.query(`update ebb.delivery set state = 'waiting' where event_id = $1`, [other])
    expect((await put(admin, other, { data: { name: 'Ada' } })).status).toBe(409)
    const [leased] = await leaseDeliveries(pool, 'send-welcome', { limit: 1, leaseMs: 60_000 })
    if (leased) await settleDeliveries(pool, [{ delivery: leased, settlement: { state: 'done', durationMs: 1 } }])
    expect((await put(admin, other, { data: { name: 'Ada' } })).status).toBe(409)
    expect(await auditOf('event.edited')).toEqual([])
  })
})

describe('ebb events edit and drop', () => {
  it('edits from the command line, and says what is no JSON', async () => {
    const { ebb } = await start()
    const [id = ''] = await bury('send-welcome', [{ n: 1 }])
    const done = await ebb('edit', id, '--consumer', 'send-welcome', '--data', '{"name":"Ada"}')
    expect([done.err, done.out, done.code]).toEqual(['', `send-welcome gets these data when ${id} is redriven.\n`, 0])
    const bad = await ebb('edit', id, '--consumer', 'send-welcome', '--data', '{name}')
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('--data must be JSON, or @FILE with JSON in it')])
  })

  it('drops what the filter names, with a reason, and keeps the history', async () => {
    const { admin, ebb } = await start()
    const [first = '', second = ''] = await bury('send-welcome', [{ name: 'Ada' }, { name: 'Bob' }])
    const without = await ebb('drop', '--id', first)
    expect([without.code, without.err]).toEqual([2, expect.stringContaining('--reason')])
    const dry = await ebb('drop', '--id', first, '--reason', 'a test', '--dry-run')
    expect([dry.out, await statesOf()]).toEqual([expect.stringContaining('would be dropped'), ['dead', 'dead']])
    const done = await ebb('drop', '--id', first, '--reason', 'a test')
    expect([done.out, await statesOf()]).toEqual([expect.stringMatching(/ dropped\n$/), ['dead']])
    expect(await auditOf('event.dropped')).toEqual([
      { actor: 'admin', subject: `${first} send-welcome`, detail: { reason: 'a test' } },
    ])
    const shown = await (await fetch(`${admin}/v1/events/${first}`, { headers: ADMIN })).json()
    expect(shown).toMatchObject({ deliveries: [{ state: 'dropped', history: [{ number: 1, status: 500 }] }] })
    const list = await (await fetch(`${admin}/v1/events?state=dropped`, { headers: ADMIN })).json()
    expect(list).toMatchObject({ events: [{ id: first }] })
    const dead = await (await fetch(`${admin}/v1/events?state=dead`, { headers: ADMIN })).json()
    expect(dead).toMatchObject({ events: [{ id: second }] })
  })
})
