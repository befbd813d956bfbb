import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { change } from './change.ts'
import type { ChangeShape } from './change-shape.ts'
import { describeDeployment, describeSubscriber } from './index.ts'
import { subscriber } from './subscriber.ts'
import { createEventValidator } from './validate.ts'

const row = z.object({ id: z.int(), status: z.string() })
const place = { position: '0/1/0', committedAt: '2026-01-02T03:04:05.123456Z' }
const follow = (shape: Partial<ChangeShape<typeof row>> = {}) =>
  subscriber({ name: 'follow-orders', summary: 'Follow orders.', on: change('orders', { row, ...shape }) })

it('a change is an event of the platform, and says which rows its subscriber takes', () => {
  const columns = ['id', 'status']
  expect(describeSubscriber(follow())).toMatchObject({
    on: 'ebb.change.orders',
    change: { table: 'orders', row: columns, operations: ['insert', 'update', 'delete'], columns },
  })
  expect(describeDeployment(follow()).change).toBe('orders')
  expect(change('billing.invoices', { row }).type).toBe('ebb.change.billing.invoices')
})

it('its data are of the operations that it names, and of no other', () => {
  const validate = createEventValidator(follow({ operations: ['insert', 'delete'] }))
  const after = { id: 1, status: 'new' }
  expect(validate({ ...place, operation: 'insert', after: { ...after, other: 1 } })).toEqual({
    ok: true,
    data: { ...place, operation: 'insert', after },
  })
  expect(validate({ ...place, operation: 'update', changed: [], before: after, after }).ok).toBe(false)
  expect(validate({ ...place, operation: 'delete', unreadable: 'it is too large' }).ok).toBe(false)
  expect(createEventValidator(follow({ operations: ['truncate'] }))({ ...place, operation: 'truncate' }).ok).toBe(true)
})

it('what the handler gets has types', () => {
  const { on } = follow()
  const typed = change('orders', { row, operations: ['insert'] })
  const statusOf = (data: z.output<typeof typed.data>) => data.after.status
  // @ts-expect-error An insert has no row before it.
  const before = (data: z.output<typeof typed.data>) => data.before
  // @ts-expect-error `row` has no such column.
  expect(() => change('orders', { row, columns: ['colour'] })).toThrow('which has no colour')
  expect([typeof statusOf, typeof before, on.kind]).toEqual(['function', 'function', 'event'])
})

it.each<[string, object, string]>([
  ['Orders', {}, 'name the table in lower case'],
  ['a.b.c', {}, 'name the table in lower case'],
  [`${'a'.repeat(64)}`, {}, 'name the table in lower case'],
  ['public.orders', {}, 'write orders, without the schema'],
  ['ebb.outbox', {}, "the tables of ebb are none of a team's"],
  ['orders', { row: z.object({}) }, 'write in `row` a z.object() of the columns'],
  ['orders', { row: z.object({ at: z.date() }) }, 'in row, at is a z.date, which JSON cannot carry'],
  ['orders', { operations: [] }, '`operations` must be some of insert, update, delete, truncate, each once'],
  ['orders', { operations: ['upsert'] }, '`operations` must be some of'],
  ['orders', { columns: [] }, '`columns` must name some of `row`'],
  ['orders', { operations: ['insert'], columns: ['id'] }, '`columns` is about updates, and `operations` has none'],
  ['orders', { column: ['id'] }, 'unknown property `column`; allowed: row, operations, columns, summary'],
])('a change of %s with %j is refused', (table, shape, sentence) => {
  // What types refuse may still be written in JavaScript.
  expect(() => change(table, { row, ...shape } as ChangeShape)).toThrow(sentence)
})

it('a subscriber of changes has no tenancy, since a change has no caller', () => {
  expect(() => subscriber({ name: 'a', summary: 'A.', on: change('orders', { row }), tenancy: true })).toThrow(
    'a change of a table has no caller',
  )
})
