import { beforeAll, describe, expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import { policy, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const OWN = { owner: 'ada', state: 'placed', cents: 5 }
const FOREIGN = { ...OWN, owner: 'eve' }

const contract = endpoint({
  name: 'ask-policy',
  summary: 'Writes a note, and asks the policy as its mode says.',
  method: 'POST',
  path: '/v1/asked',
  body: z.object({ mode: z.string(), order: z.record(z.string(), z.unknown()).default(OWN) }),
  reply: { status: 200, body: z.object({ allowed: z.boolean().optional() }) },
  failures: { not_yours: 404 },
  access: { policy: true },
  idempotent: true,
})

const fn = testFunction(
  implement(contract, { sql: postgres, policy }, async ({ body: { mode, order } }, { sql, may, policy, fail }) => {
    await sql`insert into asked (mode) values (${mode})`
    if (mode === 'may') await may('cancel', { order })
    if (mode === 'not awaited') void may('cancel', { order })
    if (mode === 'the second not awaited') {
      await may('cancel', { order })
      void may('list', 'order')
    }
    if (mode === 'caught') await may('cancel', { order }).catch(() => {})
    if (mode === 'another failure') await may('cancel', { order }).catch(() => fail('not_yours', 'No.'))
    if (mode === 'undeclared') await may('cancle', { order })
    if (mode === 'nothing') await may('cancel', { order: undefined as never })
    if (mode === 'no type') await may('cancel', order as never)
    if (mode === 'two types') await may('cancel', { order, other: order })
    if (mode === 'a list') await may('list', 'order')
    if (mode === 'for eve') return { allowed: await policy.allows('cancel', { order }, { as: { sub: 'eve' } }) }
    if (mode === 'allows') return { allowed: await policy.allows('cancel', { order }) }
    return {}
  }),
)

beforeAll(() => fn.query('create table asked (mode text)'))

const ask = async (mode: string, order: object = OWN, more: { roles?: string[]; tenant?: string } = {}) => {
  const caller = await fn.as({ sub: 'ada', ...more })
  const { status, body } = await caller
    .post('/v1/asked')
    .set('Idempotency-Key', crypto.randomUUID())
    .send({ mode, order })
  const stored = await fn.query('delete from asked returning mode')
  return { status, body, stored: stored.length }
}

describe('a reply with `access: { policy: true }`', () => {
  it.each([
    ['200 where it allows', 'may', OWN, {}, 200],
    ['403 where it refuses', 'may', FOREIGN, {}, 403],
    ['500 where the handler forgot to ask', 'forgotten', OWN, {}, 500],
    ['500 where it did not await the answer', 'not awaited', OWN, {}, 500],
    ['500 where it did not await the second answer', 'the second not awaited', OWN, { roles: ['merchant'] }, 500],
    ['403 where it caught the refusal, and went on', 'caught', FOREIGN, {}, 403],
    ['404 where it turned the refusal into a failure of its own', 'another failure', FOREIGN, {}, 404],
    ['500 for an action that the policy does not declare', 'undeclared', OWN, {}, 500],
    ['500 about nothing', 'nothing', OWN, {}, 500],
    ['500 about an object without a type', 'no type', OWN, {}, 500],
    ['500 about one with two types', 'two types', OWN, {}, 500],
    ['500 where the object lacks what a line reads', 'may', { owner: 'ada' }, {}, 500],
    ['200 about a type', 'a list', OWN, { roles: ['merchant'] }, 200],
    ['403 about a type', 'a list', OWN, {}, 403],
    [
      '403 for an object of another tenant, whatever the lines say',
      'may',
      { ...OWN, tenant: 'acme' },
      { tenant: 'evil' },
      403,
    ],
    ['200 for one of the same tenant', 'may', { ...OWN, tenant: 'acme' }, { tenant: 'acme' }, 200],
    ['200 where only the object has a tenant', 'may', { ...OWN, tenant: 'acme' }, {}, 200],
  ])('%s', async (_what, mode, order, caller, status) => {
    const answer = await ask(mode, order, caller)
    expect([answer.status, answer.stored]).toEqual([status, status === 200 ? 1 : 0])
  })

  it('403 says what is refused, and not by which line', async () => {
    expect((await ask('may', FOREIGN)).body).toMatchObject({
      error: 'forbidden',
      message: 'You may not cancel this order.',
    })
  })

  it.each([
    ['the caller', 'allows', OWN, true],
    ['the caller about what is not theirs', 'allows', FOREIGN, false],
    ['somebody else whom the handler names', 'for eve', FOREIGN, true],
  ])('200 with what `allows` says of %s', async (_who, mode, order, allowed) => {
    expect((await ask(mode, order)).body).toEqual({ allowed })
  })
})

const made = event({ type: 'order.made', data: z.object({ for: z.string() }) })
const listener = testFunction(
  implement(
    subscriber({ name: 'look-order', summary: 'Looks.', on: made, failures: { refused: 422 } }),
    { sql: postgres, policy },
    async ({ data }, { policy, fail }) => {
      const options = data.for === 'nobody' ? {} : { as: { sub: data.for } }
      if (!(await policy.allows('cancel', { order: OWN }, options))) fail('refused', 'No.')
    },
  ),
)

it.each([
  ['ada', 204],
  ['eve', 422],
  ['nobody', 500],
])('a subscriber says whom the policy decides about: %s gets %i', async (who, status) => {
  expect((await listener.deliver({ type: 'order.made', data: { for: who } })).status).toBe(status)
})

it('a contract that says `policy` is refused without one', () => {
  expect(() => implement(contract, { sql: postgres } as never, async () => ({}))).toThrow(
    'functions/ask-policy/contract.ts: it says `policy`; give implement() a `{ policy }` of ebb/data to ask',
  )
})
