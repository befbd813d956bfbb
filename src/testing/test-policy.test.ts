import { describe, expect, it } from '@jest/globals'
import { testPolicy } from 'ebb/testing'

const policy = testPolicy()
const order = { owner: 'ada', cents: 100, state: 'placed' }

describe('a policy by itself', () => {
  it('has the actions that its model declares', () => {
    expect(policy.actions).toEqual(['list', 'read', 'cancel', 'refund'].map((action) => [action, 'order']))
  })

  it.each(policy.actions)('lets a stranger %s no %s', async (action) => {
    expect(await policy.allows({ sub: 'eve' }, action, { order })).toBe(false)
  })

  it.each([
    ['the owner', { sub: 'ada' }, order, true],
    ['the owner in another tenant', { sub: 'ada', tenant: 'evil' }, { ...order, tenant: 'acme' }, false],
    ['a merchant', { sub: 'mia', roles: ['merchant'] }, order, true],
  ])('decides as may() would: %s', async (_who, caller, object, allowed) => {
    expect(await policy.allows(caller, 'cancel', { order: object })).toBe(allowed)
  })
})
