import { expect, it } from '@jest/globals'
import { event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

const made = event({ type: 'loop.made', data: z.object({ n: z.int() }) })
const fn = testFunction(
  implement(
    subscriber({ name: 'make-again', summary: 'Makes it again.', on: made, emits: { 'loop.made': made } }),
    { sql: postgres },
    async ({ data }, { emit }) => emit('loop.made', data),
  ),
)

it.each([
  [undefined, 1],
  [0, 1],
  [7, 8],
])('what a subscriber of an event of %s hops emits has %s', async (hops, more) => {
  const options = hops === undefined ? {} : { hops }
  const { status } = await fn.deliver({ type: 'loop.made', data: { n: 1 }, ...options })
  const rows = await fn.query('delete from ebb.outbox returning hops')
  expect([status, rows]).toEqual([204, [{ hops: more }]])
})
