import { expect, it } from '@jest/globals'
import { event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { contractSet } from '../../../src/contract/index.ts'
import { JSON_AT_LIMIT } from '../../../test/support/json-at-limit.ts'
import { createDeliveryCheck } from './events.ts'

const data = z.object({ name: z.string(), age: z.number().optional(), tags: z.array(z.string()).optional() })
const on = event({ type: 'user.created', data })
const contracts = contractSet(
  { 'send-welcome': subscriber({ name: 'send-welcome', summary: 'Sends a welcome.', on }) },
  {},
)

type Row = [what: string, parts: object, payload: object, issues: readonly string[]]

it.each<Row>([
  ['what fits', {}, { name: 'Ada' }, []],
  ['what a producer has added', {}, { name: 'Ada', more: 1 }, []],
  ['what its schema refuses', {}, { age: 'old' }, ['data.name', 'data.age']],
  ['a longer array than any function takes', {}, { name: 'Ada', tags: Array(10_001).fill('x') }, ['data.tags.10000']],
  ...JSON_AT_LIMIT.map(
    ({ what, over }): Row => [`more ${what} than any function takes`, {}, { name: 'Ada', ...over }, ['data']],
  ),
  ['a longer subject than any function takes', { subject: 's'.repeat(1_001) }, { name: 'Ada' }, ['subject']],
  ['a version that it cannot read', { version: 2 }, { name: 'Ada' }, ['type']],
  ['another type than it takes now', { type: 'user.made' }, { name: 'Ada' }, ['type']],
  ['a subscriber that there is not', { consumer: 'send-farewell' }, { name: 'Ada' }, ['consumer']],
])('%s', (_what, parts, payload, issues) => {
  const whose = { eventId: '1', consumer: 'send-welcome', attempts: 1 }
  const delivery = { ...whose, type: 'user.created', version: 1, subject: null, payload, ...parts }
  expect(createDeliveryCheck(contracts)(delivery).map(({ path }) => path)).toEqual(issues)
})
