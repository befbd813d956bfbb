import { change, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { describeSubscriber, type Subscription } from '../../../src/contract/index.ts'
import { emptyOutbox, query } from '../test-outbox.ts'
import { type Respond, startSubscriber, startTestRelay, until } from '../test-support.ts'

/** A table, empty, and no events. */
export async function makeParcels(url: string) {
  await emptyOutbox(url)
  await query(
    url,
    `drop table if exists parcels;
     create table parcels (id int primary key, status text not null, weight_g int, note text, made_at timestamptz);
     alter table parcels replica identity full`,
  )
}

export const Row = z.object({ id: z.int(), status: z.string(), weightG: z.int().nullable() })
type Shape = Parameters<typeof change<typeof Row, 'insert' | 'update' | 'delete' | 'truncate'>>[1]
export const takes = (name: string, shape: Partial<Shape> = {}, table = 'parcels'): Subscription =>
  describeSubscriber(subscriber({ name, summary: 'A test.', on: change(table, { row: Row, ...shape }) }))

/** Starts a relay, and waits until it reads changes. */
export async function startReading(url: string, subscriptions: readonly Subscription[], respond?: Respond) {
  const subscribed = await startSubscriber(respond)
  const relay = await startTestRelay(url, subscribed.template, { subscriptions })
  await until('it reads', () => relay.log.count('reading changes of tables') > 0)
  return { ...subscribed, ...relay }
}

export const dataOf = (received: readonly { readonly body: string }[]) => received.map(({ body }) => JSON.parse(body))
