import { beforeAll, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import placeOrder from '../project/functions/place-order/handler.ts'
import { pgbouncer, testPgBouncer } from '../support/pgbouncer.ts'
import { describeWhere } from '../support/requirements.ts'
import { untilTrue } from '../support/until.ts'

const POOL_SIZE = 3
const CALLERS = 40

describeWhere(pgbouncer ? undefined : 'no pgbouncer on PATH')('a function behind PgBouncer in transaction mode', () => {
  const fn = testFunction(placeOrder, {
    env: { EBB_POOL_MAX: '20' },
    through: testPgBouncer({ poolSize: POOL_SIZE }),
  })
  const customer = { sub: 'ada', scopes: ['orders:write'] }
  const { sku } = placeOrder.contract.examples.lamp.body

  const order = async (key: string, email = 'ada@example.com') => {
    const caller = await fn.as(customer)
    return caller.post('/v1/orders').set('Idempotency-Key', key).send({ sku, quantity: 1, email })
  }
  const one = async <Row extends object>(text: string) => (await fn.query<Row>(text))[0]
  const rows = () =>
    one(`select (select count(*)::int from orders) as orders, (select count(*)::int from ebb.outbox) as events,
                (select count(*)::int from ebb.idempotency) as answers, (select stock from products where sku = '${sku}') as stock`)

  beforeAll(async () => {
    await fn.query(`update products set stock = 1000 where sku = '${sku}'`)
  })

  it('takes more orders at a time than there are connections, each with its event and its answer', async () => {
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, i) => order(`key-${i}`)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect(await rows()).toEqual({ orders: CALLERS, events: CALLERS, answers: CALLERS, stock: 1000 - CALLERS })
  })

  it('keeps a key to one order, whichever connections its requests come by', async () => {
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => order('shared')))).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([201, ...(statuses.includes(409) ? [409] : [])]))
    const [again, other] = [await order('shared'), await order('shared', 'bob@example.com')]
    expect([again.status, again.headers['idempotency-replayed'], other.status]).toEqual([201, 'true', 422])
    expect(await rows()).toMatchObject({ orders: CALLERS + 1, stock: 1000 - CALLERS - 1 })
  })

  it('gives up at its deadline, and leaves no connection with a lock, a setting or a statement of its own', async () => {
    const caller = await fn.as(customer)
    const held = fn.query(`begin; select from products where sku = '${sku}' for update; select pg_sleep(1); commit`)
    const sleeping = `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
    await untilTrue(async () => (await fn.query(sleeping)).length === 1, { what: 'the lock' })
    const late = caller.post('/v1/orders').set({ 'Idempotency-Key': 'late', 'Ebb-Timeout-Ms': '200' })
    expect((await late.send({ sku, quantity: 1, email: 'ada@example.com' })).status).toBe(504)
    await held
    // Debian's PgBouncer may have died of the cancel request, and be on its way up again: 503, come again.
    await untilTrue(async () => (await order('after')).status === 201, { what: 'the next order' })
    const left = `select count(*)::int as n from pg_locks join pg_stat_activity using (pid)
                   where datname = current_database() and pid <> pg_backend_pid() and locktype = 'advisory'`
    await untilTrue(async () => (await one<{ n: number }>(left))?.n === 0, { what: 'no lock' })
    expect(await rows()).toMatchObject({ orders: CALLERS + 2, stock: 1000 - CALLERS - 2 })
  })
})
