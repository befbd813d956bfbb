import { expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import * as z from 'zod'

const parts = { name: 'make-thing', summary: 'A test.', method: 'POST', path: '/v1/things', access: {} } as const
const reply = { status: 204 } as const
const on = event({ type: 'thing.made', data: z.object({}) })

it.each([
  ['idempotent', endpoint({ ...parts, reply, idempotent: true })],
  ['async', endpoint({ ...parts, reply, async: true })],
  ['emits', endpoint({ ...parts, reply, emits: { 'thing.made': on } })],
  ['a subscriber', subscriber({ name: 'make-thing', summary: 'A test.', on })],
])('%s is refused without a transactional resource, and accepted with one', (_what, contract) => {
  const handle = async () => {}
  expect(() => implement(contract as never, {} as never, handle as never)).toThrow(
    'functions/make-thing/contract.ts: it promises all or nothing; give implement() a `{ sql: postgres }` to keep that with',
  )
  expect(implement(contract as never, { sql: postgres } as never, handle as never)).toMatchObject({ contract })
})

it.each(['signal', 'log', 'caller', 'correlation', 'emit', 'fail', 'own', 'secrets'])(
  'a resource called %s is refused',
  (name) => {
    const contract = endpoint({ ...parts, reply })
    expect(() => implement(contract, { [name]: postgres }, async () => {})).toThrow(
      `functions/make-thing/contract.ts: \`${name}\` is part of every handler's context; give the resource another name`,
    )
  },
)

it('a resource that does not name its stores is refused', () => {
  const contract = endpoint({ ...parts, reply })
  const mine = { open: () => 1, lend: () => 1 }
  expect(() => implement(contract, { mine } as never, async () => {})).toThrow(
    'functions/make-thing/contract.ts: the resource `mine` does not name the stores that it opens; add `stores: []` to ' +
      'it, or those of mail, objects, postgres, redis whose secrets the function is to have',
  )
})
