import { expect, it } from '@jest/globals'
import { contractSet, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { fits } from './fits.ts'

const on = event({ type: 'user.created', data: z.object({ name: z.string(), age: z.number().optional() }) })
const contracts = contractSet(
  { 'send-welcome': subscriber({ name: 'send-welcome', summary: 'Sends a welcome.', on }) },
  {},
)

it.each<[string, object, object, readonly string[]]>([
  ['what fits', {}, { name: 'Ada' }, []],
  ['what a producer has added', {}, { name: 'Ada', more: 1 }, []],
  ['what its schema refuses', {}, { age: 'old' }, ['data.name', 'data.age']],
  ['another type than it takes now', { type: 'user.made' }, { name: 'Ada' }, ['type']],
  ['a subscriber that there is not', { consumer: 'send-farewell' }, { name: 'Ada' }, ['consumer']],
])('%s', (_what, parts, payload, faults) => {
  const delivery = { eventId: '1', consumer: 'send-welcome', type: 'user.created', attempts: 1, payload, ...parts }
  expect(fits(contracts)(delivery).map(({ path }) => path)).toEqual(faults)
})
