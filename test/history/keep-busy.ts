import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { appendEvents } from '../../src/data/outbox.ts'
import { inTransaction } from '../../src/data/postgres/pool.ts'
import { leaseDeliveries } from '../../src/data/queue/deliveries.ts'
import { fanOut } from '../../src/data/queue/fan-out.ts'
import { settleDeliveries } from '../../src/data/queue/settle-deliveries.ts'

const SUBSCRIPTIONS = [{ name: 'confirm-order', on: 'order.placed' }]

/** Emits events, and fans out, leases and settles them as a relay does, until it is stopped; says how many. */
export function keepBusy(pool: pg.Pool): { readonly stop: () => Promise<number> } {
  let isOver = false
  let delivered = 0
  const emit = async () => {
    while (!isOver) await inTransaction(pool, (client) => appendEvents(client, [newEvent()]))
  }
  const deliver = async () => {
    while (!isOver) {
      await fanOut(pool, SUBSCRIPTIONS)
      const leased = await leaseDeliveries(pool, 'confirm-order', { limit: 100, leaseMs: 60_000 })
      const settlement = { state: 'done', durationMs: 1, status: 204 } as const
      await settleDeliveries(
        pool,
        leased.map((delivery) => ({ delivery, settlement })),
      )
      delivered += leased.length
    }
  }
  const running = Promise.all([emit(), emit(), deliver()])
  return {
    stop: async () => {
      isOver = true
      await running
      return delivered
    },
  }
}

const newEvent = () => ({
  ...{ id: randomUUID(), type: 'order.placed', source: '/functions/place-order', data: { n: 1 }, hops: 0 },
  ...{ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', correlationId: 'c', callerId: 'ann' },
})
