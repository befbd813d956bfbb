import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import cancelOrder from '../../../test/project/functions/cancel-order/handler.ts'
import { openCasbin } from './open-casbin.ts'
import type { PolicyFiles } from './policy-files.ts'
import { readPolicy } from './read-policy.ts'

const MODEL = `
[request_definition]
r = caller, action, object
[policy_definition]
p = role, action, type, when, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = hasRole(r.caller, p.role) && eval(p.when)
[actions]
order = list, read, refund
product = read
`
const files = (policy: string, model = MODEL): PolicyFiles => ({ folder: 'domain/policy', model, policy })
const ORDER = { owner: 'ada', cents: 500, state: 'placed', assignee: null }

/** What a policy decides about an order, and by which line. */
async function decide(
  policy: string,
  { sub = 'ada', roles = [] as readonly string[], action = 'refund', order = ORDER as object | null } = {},
) {
  const engine = await openCasbin(readPolicy(files(policy)))
  // Any object has properties.
  const attributes = (order ?? undefined) as Readonly<Record<string, unknown>> | undefined
  const { allowed, reason } = engine.decide({ caller: { sub, roles }, action, type: 'order', attributes })
  return [allowed, reason.replace('domain/policy/policy.csv:', '')]
}

describe('a decision', () => {
  it.each([
    ['nothing', '', {}, false, 'domain/policy has no line about this'],
    ['a line for another role', 'p, clerk, refund, order', {}, false, 'no line of domain/policy applies'],
    ['a role of the caller', '# none\np, clerk, refund, order', { roles: ['clerk'] }, true, '2'],
    ['any role', 'p, *, refund, order', {}, true, '1'],
    ['any action of any type', 'p, clerk, *, *', { roles: ['clerk'] }, true, '1'],
    [
      'a role that has the rights of another',
      'g, boss, head\ng, head, clerk\np, clerk, refund, order',
      { roles: ['boss'] },
      true,
      '3',
    ],
    [
      'the name of a role as the subject',
      'p, clerk, refund, order',
      { sub: 'clerk' },
      false,
      'no line of domain/policy applies',
    ],
    ['the owner', 'p, *, refund, order, r.object.owner == r.caller.sub', {}, true, '1'],
    [
      'somebody else',
      'p, *, refund, order, r.object.owner == r.caller.sub',
      { sub: 'eve' },
      false,
      'no line of domain/policy applies',
    ],
    ['an attribute', 'p, *, refund, order, r.object.cents <= 500', {}, true, '1'],
    ['a line that refuses', 'p, *, refund, order\np, *, refund, order, r.object.cents > 400, deny', {}, false, '2'],
    ['a condition with commas', `p, *, refund, order, "oneOf(r.object.state, 'placed', 'paid')"`, {}, true, '1'],
    ['a condition with a dollar', `p, *, refund, order, r.object.state != '$&'`, {}, true, '1'],
    ['a condition that is a number', 'p, *, refund, order, r.object.cents', {}, true, '1'],
    [
      'a text that looks like an operator, with a list after it',
      `p, *, refund, order, "r.object.state != 'made in p.1' && oneOf(r.object.state, 'placed', 'paid')"`,
      {},
      true,
      '1',
    ],
    [
      'null, and a tenant that the caller has not',
      'p, *, refund, order, r.object.assignee == r.caller.tenant',
      {},
      false,
      'no line of domain/policy applies',
    ],
    [
      'a type alone',
      'p, *, list, order\np, *, list, order, r.object.cents > 4',
      { action: 'list', order: null },
      true,
      '1',
    ],
  ])('about %s', async (_what, policy, asked, allowed, reason) => {
    expect(await decide(policy, asked)).toEqual([allowed, reason])
  })

  it.each([
    [
      'an action that is not declared',
      { action: 'refnud' },
      'domain/policy/model.conf declares no action refnud of order; there are list, read, refund',
    ],
    [
      'an attribute that the object lacks',
      { order: { owner: 'ada' } },
      'domain/policy/policy.csv:1 reads order.cents, which this object does not have',
    ],
  ])('there is none about %s', async (_what, asked, message) => {
    await expect(decide('p, *, refund, order, r.object.cents > 4, deny', asked)).rejects.toThrow(message)
  })
})

const fn = testFunction(cancelOrder)
const ada = { sub: 'ada', scopes: ['orders:write'] }

async function place(owner: string, { cents = 100, state = 'placed' } = {}) {
  const id = randomUUID()
  await fn.query(
    `insert into orders (id, owner, sku, quantity, email, cents, state) select $1, $2, sku, 1, 'a@b.example', $3, $4 from products limit 1`,
    [id, owner, cents, state],
  )
  return id
}
const cancel = async (caller: typeof ada & { roles?: string[] }, id: string) =>
  (await fn.as(caller)).delete(`/v1/orders/${id}`)
const exists = async (id: string) => (await fn.query('select from orders where id = $1', [id])).length === 1

describe('a function that asks the policy', () => {
  it.each([
    ['200 for the owner', ada, {}, 200],
    ['403 for somebody else', { ...ada, sub: 'eve' }, {}, 403],
    ['403 for the owner once it is confirmed', ada, { state: 'confirmed' }, 403],
    ['200 for a merchant', { ...ada, sub: 'mia', roles: ['merchant'] }, {}, 200],
    ['403 for a merchant where it is dear', { ...ada, sub: 'mia', roles: ['merchant'] }, { cents: 100_001 }, 403],
    ['200 for a manager where it is dear', { ...ada, sub: 'max', roles: ['manager'] }, { cents: 100_001 }, 200],
    ['403 without the scope, whatever the policy says', { ...ada, scopes: [] }, {}, 403],
  ])('%s', async (_what, caller, order, status) => {
    const id = await place('ada', order)
    expect([(await cancel(caller, id)).status, await exists(id)]).toEqual([status, status !== 200])
  })

  it('404 before there is anything to decide about', async () => {
    expect((await cancel(ada, randomUUID())).status).toBe(404)
  })
})
