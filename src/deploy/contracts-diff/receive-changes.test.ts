import { expect, it } from '@jest/globals'
import { payload, type ReceiveShape, receive } from 'ebb/contract'
import { contractsData } from '../contracts-data.ts'
import { diffContracts } from './index.ts'

const shape: ReceiveShape = {
  ...({
    name: 'take-hooks',
    summary: 'Take them.',
    path: '/v1/hooks',
    provider: 'stripe',
    signedBy: ['HOOKS'],
  } as const),
  ...{ events: { 'charge.succeeded': payload<object>(), 'charge.refunded': payload<object>() }, maxBodyBytes: 5_000 },
}
const before = contractsData({ 'take-hooks': receive(shape) })
const breaksOf = (after: Partial<ReceiveShape>) =>
  diffContracts(before, contractsData({ 'take-hooks': receive({ ...shape, ...after }) })).flatMap(({ effect, says }) =>
    effect === 'breaks' ? [says] : [],
  )

it.each([
  [{}, []],
  [{ summary: 'Other words.', maxBodyBytes: 6_000 }, []],
  [{ path: '/v1/hooks/stripe' as const }, ['the path is /v1/hooks/stripe now, and was /v1/hooks']],
  [{ provider: 'standard' as const }, ['webhooks are signed otherwise now, and those of before are refused']],
  [{ maxBodyBytes: 4_000 }, ['a body has at most 4000 bytes now, and had 5000']],
])('%j breaks %j', (change, messages) => {
  expect(breaksOf(change)).toEqual(messages)
})

it('an event that is not taken any more breaks its provider, and what is stored of it', () => {
  const events = { 'charge.succeeded': payload<object>() }
  expect(diffContracts(before, contractsData({ 'take-hooks': receive({ ...shape, events }) }))).toMatchObject([
    { effect: 'breaks', whom: 'callers', says: 'charge.refunded is not taken any more' },
    { effect: 'breaks', whom: 'deliveries' },
  ])
})

it('one that is gone breaks its provider', () => {
  const found = diffContracts(before, contractsData({}))
  expect(found.map(({ says }) => says)).toContain('/v1/hooks takes no webhooks any more')
})
