import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import type { AnyContract } from './any-contract.ts'
import { contractSet } from './contract-set.ts'
import { withDefaultObjective } from './default-objective.ts'
import { describeEndpoint } from './describe.ts'
import { endpoint } from './endpoint.ts'
import type { Objective } from './objective-shape.ts'

const good = {
  ...{ name: 'get-order', summary: 'Read an order.', method: 'GET', path: '/v1/order', access: {} },
  reply: { status: 200, body: z.object({ id: z.string() }) },
}
// Parts that the types would refuse reach the check as they would from JavaScript.
const build = (parts: object) => endpoint({ ...good, ...parts } as never)

describe('an objective', () => {
  it.each([
    ['that names nothing', {}, /names an availability, a latencyMs or both/],
    ['that is misspelt', { available: 99.9 }, /unknown property `available`; allowed: availability, latencyMs, days/],
    ['of all requests', { availability: 100 }, /percentage from 50 to 99.999; at 100 the first failure/],
    ['as a share', { availability: 0.999 }, /percentage from 50 to 99.999/],
    ['over a day', { availability: 99, days: 1 }, /days must be whole, and from 7 to 90/],
    ['of no percentile', { latencyMs: {} }, /names one percentile, such as \{ p99: 300 \}/],
    ['of two percentiles', { latencyMs: { p50: 10, p99: 300 } }, /names one percentile/],
    ['of an unknown percentile', { latencyMs: { p98: 300 } }, /unknown property `p98`; allowed: p50, p75/],
    ['in seconds', { latencyMs: { p99: 0.3 } }, /latencyMs is whole milliseconds/],
  ])('%s is refused', (_, objective, sentence) => {
    expect(() => build({ objective })).toThrow(sentence)
  })

  it('of a latency is refused for what lasts as long as its caller wants', () => {
    const objective = { latencyMs: { p99: 300 } }
    const socket = { upgrade: true, reply: { status: 101 } }
    const stream = { reply: { status: 200, stream: { type: 'text/csv' } } }
    expect(() => build({ ...socket, objective })).toThrow(/drop `objective.latencyMs`/)
    expect(() => build({ ...stream, objective })).toThrow(/drop `objective.latencyMs`/)
    expect(build({ ...stream, objective: { availability: 99 } })).toMatchObject({ kind: 'endpoint' })
  })

  it('is described by the shares of requests that may break it', () => {
    const objective = { availability: 99.9, latencyMs: { 'p99.5': 300 } }
    expect(describeEndpoint(build({ objective })).objective).toEqual({
      ...{ days: 30, failed: 0.001, slow: { share: 0.005, ms: 300 } },
    })
    expect(describeEndpoint(build({ objective: { availability: 99.95, days: 7 } })).objective).toEqual({
      ...{ days: 7, failed: 0.0005 },
    })
    expect(describeEndpoint(build({}))).not.toHaveProperty('objective')
  })

  describe('of a project', () => {
    const routesOf = (contracts: Readonly<Record<string, AnyContract>>, objective: Objective | undefined) =>
      withDefaultObjective(contractSet(contracts, undefined).routes, contracts, objective)
    const own = build({ name: 'own', path: '/v1/own', objective: { availability: 99 } })
    const none = build({ name: 'none', path: '/v1/none', objective: false })
    const streamed = build({ name: 'rows', path: '/v1/rows', reply: { status: 200, stream: { type: 'text/csv' } } })

    it('is that of each endpoint that says none, without a latency where a reply lasts', () => {
      const contracts = { 'get-order': build({}), own, none, rows: streamed }
      const found = routesOf(contracts, { availability: 99.9, latencyMs: { p99: 300 } })
      expect(Object.fromEntries(found.map(({ name, objective }) => [name, objective]))).toEqual({
        'get-order': { days: 30, failed: 0.001, slow: { share: 0.01, ms: 300 } },
        own: { days: 30, failed: 0.01 },
        none: undefined,
        rows: { days: 30, failed: 0.001 },
      })
      expect(routesOf({ rows: streamed }, { latencyMs: { p99: 300 } })[0]).not.toHaveProperty('objective')
      expect(routesOf({ rows: streamed }, undefined)[0]).not.toHaveProperty('objective')
    })

    it('is refused with the name of its file', () => {
      expect(() => routesOf({ own }, { availability: 100 })).toThrow(/^domain\/api\.ts: objective\.availability is/)
      expect(() => routesOf({ own }, true as never)).toThrow(/^domain\/api\.ts: `objective` is an object/)
    })
  })
})
