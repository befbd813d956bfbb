import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { endpoint, Problem } from '../../contract/index.ts'
import { callEndpoint } from './call-endpoint.ts'
import type { CallResult } from './shown-field.ts'

const moveThing = endpoint({
  ...({ name: 'move-thing', summary: 'Moves a thing.', method: 'PATCH', path: '/v1/things/{id}' } as const),
  params: z.object({ id: z.string() }),
  query: z.object({ dry: z.boolean().optional() }),
  body: z.object({ to: z.string().trim() }),
  reply: { status: 204 },
  failures: { thing_gone: 410 },
  ...{ access: { scopes: ['things:move'] }, idempotent: true },
})
const move = callEndpoint(moveThing)
const values = { id: '7', dry: null, input: { to: ' home ' } }

async function moveAs(scopes: readonly string[], result: CallResult = { ok: true, data: undefined }, given = values) {
  const calls: unknown[] = []
  const call = async (input: unknown) => {
    calls.push(input)
    return result
  }
  const resolve = () => Promise.reject(new Error('nothing is looked up'))
  const caller = { iss: 'ebb:gateway', sub: 'ada', scopes } as const
  return { calls, outcome: await move(given, { caller, call, resolve }).catch((error: unknown) => error) }
}

it('calls with what came, without what is null, and is true where nothing is replied', async () => {
  expect(await moveAs(['things:move'])).toEqual({
    calls: [{ params: { id: '7' }, query: {}, body: { to: ' home ' } }],
    outcome: true,
  })
})

it('fails as the endpoint does', async () => {
  const gone = Object.assign(new Problem('thing_gone', 410, 'It is gone.'), { ok: false as const })
  expect((await moveAs(['things:move'], gone)).outcome).toBe(gone)
})

it('calls nobody without the scopes, or with what does not fit', async () => {
  expect(await moveAs([])).toMatchObject({ calls: [], outcome: { code: 'forbidden' } })
  const wrong = await moveAs(['things:move'], undefined, { ...values, input: { to: 7 as never } })
  expect(wrong).toMatchObject({
    calls: [],
    outcome: { code: 'invalid_request', details: [{ path: 'body.to' }] },
  })
})
