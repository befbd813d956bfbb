import { expect, it } from '@jest/globals'
import type { CompletedRequest } from 'ebb/http/gateway'
import { Registry } from 'prom-client'
import { createReplySampler, observeRevisions } from './revision-metrics.ts'

const completed = (parts: Partial<CompletedRequest>): CompletedRequest => ({
  ...{ route: '/v1/orders', method: 'GET', status: 200, seconds: 0.1, invoked: 'list-orders', cold: false },
  ...{ revision: '1', waitSeconds: 0.02, ...parts },
})
/** Declares 200, 409 and 503. */
const replyChecks = () => ({
  isDeclared: (status: number) => [200, 409, 503].includes(status),
  ...{ hasBody: () => true, fits: () => true },
})

function start() {
  const registry = new Registry()
  const observed = observeRevisions(registry, () => ({ replyChecks }))
  const valuesOf = async (name: string) => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] }
    return Object.fromEntries(values.map(({ labels, value }) => [`${labels.revision} ${labels.outcome}`, value]))
  }
  return { ...observed, valuesOf, registry }
}

it('counts responses by their revision and by what the contract says of them, each from 0 on', async () => {
  const { completed: complete, replyChecked, valuesOf } = start()
  for (const status of [200, 200, 409, 503, 500, 418]) complete(completed({ status }))
  complete(completed({ status: 499 }))
  complete(completed({ invoked: undefined }))
  complete(completed({ revision: undefined }))
  expect(await valuesOf('ebb_revision_responses_total')).toEqual({
    ...{ '1 fine': 2, '1 refused': 1, '1 failed': 1, '1 undeclared': 2 },
  })
  replyChecked({ name: 'list-orders', revision: '2', fits: false })
  expect(await valuesOf('ebb_revision_replies_checked_total')).toEqual({
    ...{ '1 fine': 0, '1 broken': 0, '2 fine': 0, '2 broken': 1 },
  })
  expect(await valuesOf('ebb_revision_responses_total')).toMatchObject({ '2 fine': 0, '2 undeclared': 0 })
})

it('cold starts count in no wait, and old revisions are forgotten', async () => {
  const { completed: complete, registry, valuesOf } = start()
  complete(completed({ cold: true, waitSeconds: 3 }))
  for (const revision of ['2', '3', '4', '5']) complete(completed({ revision }))
  expect(Object.keys(await valuesOf('ebb_revision_responses_total')).filter((key) => key.endsWith('fine'))).toEqual([
    ...['2 fine', '3 fine', '4 fine', '5 fine'],
  ])
  expect(await registry.metrics()).not.toContain('revision="1"')
})

it('has so many replies of each function compared in a second', () => {
  let now = 0
  const wants = createReplySampler(2, () => now)
  expect([wants('a'), wants('a'), wants('a'), wants('b')]).toEqual([true, true, false, true])
  now = 1_000
  expect(wants('a')).toBe(true)
})
