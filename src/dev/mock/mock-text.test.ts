import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { endpoint } from '../../contract/index.ts'
import { startMock } from './start-mock.ts'

it('a reply beyond ASCII comes whole', async () => {
  const reply = { name: 'Zo\u00eb \u2603 \u{1f600}' }
  const contract = endpoint({
    ...{ name: 'get-name', summary: 'Says a name.', method: 'GET', path: '/v1/name', access: { anonymous: true } },
    reply: { status: 200, body: z.object({ name: z.string() }) },
    examples: { one: { reply } },
  })
  const mock = await startMock({ 'get-name': contract }, { port: 0, seed: '1' })
  try {
    const response = await fetch(`${mock.url}/v1/name`)
    expect(await response.json()).toEqual(reply)
  } finally {
    await mock.stop()
  }
})
