import { expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'

/** What a handler may have from a cache or from another service. */
const REPLIES: Readonly<Record<string, unknown>> = {
  plain: ['Zo\u00eb \u2603 \ud834\udd1e', '\\u0000', '\\ud800', ...Array(10_001).fill(0)],
  'half a pair': { a: ['A\udc00B'] },
  'half a pair in a name': { 'a\ud800': 1 },
  'U+0000': [{ a: 'a\0b' }],
}

const fn = testFunction(
  implement(
    endpoint({
      name: 'read-thing',
      summary: 'Answers what its caller names.',
      method: 'POST',
      path: '/v1/things',
      reads: true,
      body: z.object({ what: z.string() }),
      reply: { status: 200, body: z.unknown() },
      access: {},
    }),
    {},
    async ({ body: { what } }) => REPLIES[what],
  ),
)

it.each(Object.keys(REPLIES))('%s is answered only if a strict reader can take it', async (what) => {
  const caller = await fn.as({ sub: 'ada' })
  const { status, body } = await caller.post('/v1/things').send({ what })
  expect(status).toBe(what === 'plain' ? 200 : 500)
  if (status === 200) expect(body).toEqual(REPLIES[what])
})
