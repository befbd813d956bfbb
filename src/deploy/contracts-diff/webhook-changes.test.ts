import { expect, it } from '@jest/globals'
import { type EventWebhook, endpoint, event } from 'ebb/contract'
import * as z from 'zod'
import { contractsData } from '../contracts-data.ts'
import { diffContracts } from './index.ts'

const made = (webhook: EventWebhook | undefined) =>
  event({
    ...{ type: 'thing.made', data: z.object({ customer: z.string(), merchant: z.string() }) },
    ...(webhook ? { webhook } : {}),
  })
const emitting = (webhook?: EventWebhook) =>
  contractsData({
    'make-thing': endpoint({
      ...{ name: 'make-thing', summary: 'Makes it.', method: 'POST', path: '/v1/things', access: {} },
      ...{ reply: { status: 204 }, emits: { 'thing.made': made(webhook) } },
    }),
  })
const diff = (before: EventWebhook | undefined, after: EventWebhook | undefined) =>
  diffContracts(emitting(before), emitting(after)).map(({ where, whom, says }) => `${where} ${whom} ${says}`)

it.each<[EventWebhook | undefined, EventWebhook | undefined, readonly string[]]>([
  [undefined, { owner: 'customer' }, []],
  [{ owner: 'customer' }, { owner: 'customer' }, []],
  [{ owner: 'customer', scopes: ['things:read'] }, { owner: 'customer' }, []],
  [{ owner: 'customer' }, undefined, ['events/thing.made readers customers get it by webhook no more']],
  [
    { owner: 'customer' },
    { owner: 'merchant' },
    ['events/thing.made readers webhooks go to the `merchant` of its data now, and went to the `customer` of its data'],
  ],
  [
    { tenant: true },
    { owner: 'customer' },
    ['events/thing.made readers webhooks go to the `customer` of its data now, and went to its whole tenant'],
  ],
  [
    { owner: 'customer' },
    { owner: 'customer', scopes: ['things:read'] },
    ['events/thing.made callers whoever subscribes to it needs things:read now'],
  ],
])('a `webhook` of %j that becomes %j breaks %j', (before, after, findings) => {
  expect(diff(before, after)).toEqual(findings)
})

it('contracts that an older Ebb has written say nothing of webhooks', () => {
  const { webhookEvents: _, ...older } = emitting({ owner: 'customer' })
  expect(diffContracts(older, emitting())).toEqual([])
})
