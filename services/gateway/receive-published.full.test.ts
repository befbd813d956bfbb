import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { afterAll, expect, it } from '@jest/globals'
import type { WebhookDefinition } from '@octokit/webhooks-examples'
import { sign } from '@octokit/webhooks-methods'
import { payload, receive } from 'ebb/contract'
import { createLog } from 'ebb/kernel'
import { contractSet } from '../../src/contract/index.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { testGateway } from '../../src/http/gateway/test-support.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { databaseUrlFor } from '../../src/testing/test-database.ts'
import { openReceiveStore } from './receive-store.ts'

const examples: readonly WebhookDefinition[] = createRequire(import.meta.url)('@octokit/webhooks-examples')
const SECRET = 'of-github'

const { ownerUrl, url } = testDatabase()
const log = createLog({ level: 'silent' })
const pool = createPool(databaseUrlFor('gateway', url), { log })
const owner = createPool(ownerUrl, { log })
afterAll(() => Promise.all([pool.end(), owner.end()]))

it('202 every example that GitHub publishes, of all of its events, and its handler can read it', async () => {
  const contracts = contractSet(
    {
      github: receive({
        ...{ name: 'github', summary: 'A test.', path: '/hooks/github', provider: 'github', signedBy: ['GITHUB'] },
        events: Object.fromEntries(examples.map(({ name }) => [name, payload<object>()])),
      }),
    },
    undefined,
  )
  const receivedWebhooks = openReceiveStore(pool, { maxRunning: 4, shed: () => {}, secretsOf: () => [SECRET] })
  const gateway = await testGateway({ dependencies: { contracts: () => contracts, receivedWebhooks } })
  const all = examples.flatMap(({ name, examples }) =>
    examples.map((example) => ({ name, body: JSON.stringify(example) })),
  )
  // Some are published twice.
  const once = [...new Map(all.map((one) => [one.body, one])).values()]
  expect(once.length).toBeGreaterThan(300)
  for (const { name, body } of once) {
    const signed = {
      ...{ 'x-github-event': name, 'x-github-delivery': randomUUID(), 'x-hub-signature-256': await sign(SECRET, body) },
    }
    const headers = { 'content-type': 'application/json', ...signed }
    const { status } = await fetch(`${gateway.url}/hooks/github`, { method: 'POST', body, headers })
    expect([name, status]).toEqual([name, 202])
  }
  const { rows } = await owner.query<{ payload: { readonly payload: unknown } }>('select payload from ebb.outbox')
  expect(rows).toHaveLength(once.length)
  for (const { payload } of rows)
    expect(contracts.validateEvent('github', payload)).toEqual({ ok: true, data: payload })
  expect(gateway.invoked).toEqual([])
})
