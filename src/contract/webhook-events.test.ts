import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { contractSet } from './contract-set.ts'
import { endpoint } from './endpoint.ts'
import { event } from './event.ts'
import type { EventContract, EventWebhook } from './event-shape.ts'
import { subscriber } from './subscriber.ts'

const data = z.object({ id: z.uuid(), by: z.string(), note: z.string().optional(), cents: z.int() })
const placed = (webhook?: EventWebhook) =>
  event({ type: 'order.placed', data, summary: 'An order was placed.', ...(webhook ? { webhook } : {}) })

const place = (on: EventContract, name = 'place-order') =>
  endpoint({
    ...{ name, summary: 'Place an order.', method: 'POST', path: `/v1/${name}`, access: {} },
    ...{ reply: { status: 204 }, emits: { 'order.placed': on } },
  })

const eventsOf = (...contracts: Parameters<typeof contractSet>[0][string][]) =>
  contractSet(Object.fromEntries(contracts.map((one) => [one.name, one])), undefined).webhookEvents

describe('the events for customers', () => {
  it('are those of the contracts that say whose they are, each once, by type', () => {
    const paid = event({ type: 'bill.paid', data, webhook: { tenant: true, scopes: ['bills:read'] } })
    const note = subscriber({ name: 'note-bill', summary: 'Note it.', on: paid })
    const placedByOwner = placed({ owner: 'by' })
    expect(eventsOf(place(placedByOwner), place(placedByOwner, 'repeat-order'), note)).toEqual([
      { type: 'bill.paid', scopes: ['bills:read'] },
      { type: 'order.placed', summary: 'An order was placed.', owner: 'by', scopes: [] },
    ])
    expect(eventsOf(place(placed()))).toEqual([])
  })

  it('are refused where two declarations of a type do not agree on whose it is', () => {
    expect(() => eventsOf(place(placed({ owner: 'by' })), place(placed({ tenant: true }), 'repeat-order'))).toThrow(
      'another event() of type order.placed has another `webhook`; give both the same',
    )
  })
})

describe('event() refuses a webhook', () => {
  it.each<[string, EventWebhook, string]>([
    [
      'of nobody',
      {},
      '`webhook` must say whose event it is: either `owner`, the field of its data with the subject, or',
    ],
    ['of two', { owner: 'by', tenant: true }, '`webhook` must say whose event it is'],
    [
      'by a field that there is not',
      { owner: 'customer' },
      '`webhook.owner` is "customer", which must be a field of its',
    ],
    ['by a field that may be absent', { owner: 'note' }, '`webhook.owner` is "note"'],
    ['by a number', { owner: 'cents' }, '`webhook.owner` is "cents"'],
    ['with an empty scope', { owner: 'by', scopes: [''] }, '`webhook.scopes` holds an empty scope; leave it out'],
  ])('%s', (_what, webhook, sentence) => {
    expect(() => placed(webhook)).toThrow(sentence)
  })
})
