import { beforeEach, expect, it } from '@jest/globals'
import { change, subscriber } from 'ebb/contract'
import { testDatabase } from 'ebb/testing'
import * as z from 'zod'
import { describeSubscriber, type Subscription } from '../../../src/contract/index.ts'
import { emptyOutbox, query } from '../test-outbox.ts'
import { startSubscriber, startTestRelay, until } from '../test-support.ts'

const { url } = testDatabase()
beforeEach(async () => {
  await emptyOutbox(url)
  await query(
    url,
    `drop table if exists parcels;
     create table parcels (id int primary key, status text not null, weight_g int, note text, made_at timestamptz);
     alter table parcels replica identity full`,
  )
})

const Row = z.object({ id: z.int(), status: z.string(), weightG: z.int().nullable() })
type Shape = Parameters<typeof change<typeof Row, 'insert' | 'update' | 'delete' | 'truncate'>>[1]
const takes = (name: string, shape: Partial<Shape> = {}, table = 'parcels'): Subscription =>
  describeSubscriber(subscriber({ name, summary: 'A test.', on: change(table, { row: Row, ...shape }) }))

/** Starts a relay, and waits until it reads changes. */
async function startReading(subscriptions: readonly Subscription[]) {
  const subscribed = await startSubscriber()
  const relay = await startTestRelay(url, subscribed.template, { subscriptions })
  await until("it reads", () => relay.log.count("reading changes of tables") > 0).catch((e) => { console.log(JSON.stringify(relay.log.lines().map((l: any) => ({...l, err: l.err?.stack})), null, 1)); throw e })
  return { ...subscribed, ...relay }
}
const dataOf = (received: readonly { readonly body: string }[]) => received.map(({ body }) => JSON.parse(body))

it('what another program does to a row is an event each, in order, with the row before and after', async () => {
  const { received } = await startReading([takes('follow-parcels')])
  await query(url, `insert into parcels (id, status, weight_g) values (1, 'packed', 500)`)
  await query(url, `update parcels set status = 'sent' where id = 1`)
  await query(url, 'delete from parcels where id = 1')
  await until('three have come', () => received.length === 3)
  const packed = { id: 1, status: 'packed', weightG: 500 }
  const sent = { ...packed, status: 'sent' }
  const place = { position: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+\/0$/), committedAt: expect.stringMatching(/Z$/) }
  expect(dataOf(received)).toEqual([
    { ...place, operation: 'insert', after: packed },
    { ...place, operation: 'update', changed: ['status'], before: packed, after: sent },
    { ...place, operation: 'delete', before: sent },
  ])
  expect(received.map(({ headers }) => [headers['ce-type'], headers['ce-source'], headers['ce-subject']])).toEqual(
    Array.from({ length: 3 }, () => ['ebb.change.parcels', '/changes/parcels', '1']),
  )
})
