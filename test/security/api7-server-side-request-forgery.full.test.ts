import { expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { guarded, HttpError } from 'ebb/data'
import { implement } from 'ebb/http'
import { testFunction } from 'ebb/testing'
import * as z from 'zod'
import { FORBIDDEN } from './ssrf-addresses.ts'

// OWASP API7:2023. That nothing is connected to is ssrf.test.ts; here is what a caller learns from a function.
const contract = endpoint({
  ...{
    name: 'fetch-it',
    summary: 'Fetches.',
    method: 'POST',
    path: '/v1/fetch',
    access: {},
    egress: ['*:80', '*:443'],
  },
  ...{ body: z.object({ url: z.string() }), reply: { status: 200, body: z.object({ text: z.string() }) } },
  failures: { cannot_fetch: 422 },
})
const fn = testFunction(
  implement(contract, { http: guarded }, async ({ body }, { http, fail }) => {
    try {
      return { text: (await http.get(body.url, { retries: 0 })).text() }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      throw fail('cannot_fetch', 'This address cannot be fetched.')
    }
  }),
)

it('a caller learns the same of every address that is not called', async () => {
  const caller = await fn.as({ sub: 'ann' })
  const answers = new Set<string>()
  // Names are not looked up here: a test asks no name server but its own.
  for (const [, url] of FORBIDDEN.filter(([, url]) => !/test[.:/]/i.test(url))) {
    const { status, body } = await caller.post('/v1/fetch').send({ url: url.replace('{port}', '80') })
    answers.add(JSON.stringify([status, body.error, body.message, body.details]))
  }
  expect([...answers]).toEqual(['[422,"cannot_fetch","This address cannot be fetched.",null]'])
})
