import { describe, expect, it } from '@jest/globals'
import { createRandom } from '../../src/deploy/sample/random.ts'
import { type ServiceTimes, utilisationOf } from '../../src/deploy/size/service-times.ts'
import { busiestOf, type Run, simulate } from './simulate.ts'
import { createStation } from './stations.ts'
import { rankOf } from './zipf.ts'

const each = (micros: number) => ({ busy: micros, wake: 0 })
const TIMES: ServiceTimes = {
  machine: { node: 'v26.0.0', cores: 2, load: 0, date: '2026-11-30' },
  requests: {
    refused: { gateway: each(100) },
    kept: { gateway: each(200), redis: each(10) },
    read: { gateway: each(400), redis: each(40), postgres: each(100), function: each(500) },
    write: { gateway: each(500), redis: each(40), postgres: each(600), function: each(900) },
  },
  event: { relay: each(500), postgres: each(900), function: each(900) },
  idle: { gateway: 0, redis: 0, postgres: 0, relay: 0, function: 0 },
  ...{ connectionMs: { read: 1, write: 3 }, flushMs: 1 },
}
const RUN: Run = {
  ...{ perSecond: 1_000, mix: { read: 0.8, write: 0.1, told: 0.1 }, times: TIMES, callers: 1_000_000, limit: 1e9 },
  fleet: {
    gateways: 1,
    relays: 1,
    redis: 1,
    postgresCores: 1,
    connections: 50,
    pods: { read: 1, write: 1, events: 1 },
  },
  ...{ endpoints: 1, seed: 1, failures: false, requests: 20_000, startSeconds: 0, idleSeconds: 60, awaySeconds: 0 },
}

describe('a line', () => {
  it('has the waits that queueing theory says: of one server, half busy, twice the time of the work', () => {
    const random = createRandom('3').fraction
    const station = createStation({ servers: 1, random })
    let [at, sum] = [0, 0]
    const requests = 100_000
    for (let i = 0; i < requests; i++) {
      at -= Math.log(1 - random()) / 500
      sum += station.serve(at, each(1_000)).at - at
    }
    expect(station.utilisation(at)).toBeCloseTo(0.5, 1)
    expect((sum / requests) * 1_000).toBeGreaterThan(1.9)
    expect((sum / requests) * 1_000).toBeLessThan(2.1)
  })

  it('wakes whoever had nothing to do, the more the longer that was, as `ebb size` reckons', () => {
    for (const perSecond of [50, 200, 1_000]) {
      const random = createRandom('7').fraction
      const station = createStation({ servers: 1, random })
      let at = 0
      for (let i = 0; i < 200_000; i++) {
        at -= Math.log(1 - random()) / perSecond
        station.serve(at, { busy: 300, wake: 600 })
      }
      const expected = utilisationOf({ busy: perSecond * 300, wake: perSecond * 600, perSecond })
      expect(Math.abs(station.utilisation(at) / expected - 1)).toBeLessThan(0.05)
    }
  })

  it('of a hundredth of one server, with a hundredth of the requests, has the same use and the same waits', () => {
    const waits = [1, 0.01].map((servers) => {
      const random = createRandom('5').fraction
      const station = createStation({ servers, random })
      let [at, sum] = [0, 0]
      for (let i = 0; i < 100_000; i++) {
        at -= Math.log(1 - random()) / (500 * servers)
        sum += station.serve(at, { busy: 500, wake: 1_000 }).at - at
      }
      return [station.utilisation(at), sum / 100]
    })
    for (const [i, value] of (waits[0] ?? []).entries()) expect(waits[1]?.[i]).toBeCloseTo(value, 5)
  })
})

describe('a simulation', () => {
  it('uses of each part what its work adds up to, and is the same for one seed', () => {
    const { utilisation, limited, failed, cold } = simulate(RUN)
    const expected = { gateway: 0.42, redis: 0.04, postgres: 0.29, relay: 0.05, pods: 0.4 }
    for (const [part, share] of Object.entries(expected))
      expect(Math.abs(utilisation[part as keyof typeof expected] / share - 1)).toBeLessThan(0.08)
    expect([limited, failed, cold]).toEqual([0, 0, 0])
    expect(simulate(RUN)).toEqual(simulate(RUN))
  })

  it('of one in five requests, in front of a fifth, says the same as the whole', () => {
    const fleet = {
      ...RUN.fleet,
      gateways: 10,
      postgresCores: 10,
      connections: 500,
      pods: { read: 10, write: 10, events: 10 },
    }
    const [whole, part] = [100_000, 20_000].map((requests) => simulate({ ...RUN, fleet, perSecond: 10_000, requests }))
    expect([whole?.oneIn, part?.oneIn]).toEqual([1, 5])
    for (const name of ['gateway', 'redis', 'postgres', 'relay', 'pods'] as const)
      expect(Math.abs((part?.utilisation[name] ?? 0) / (whole?.utilisation[name] ?? 0) - 1)).toBeLessThan(0.1)
    expect(Math.abs((part?.p50Ms ?? 0) / (whole?.p50Ms ?? 0) - 1)).toBeLessThan(0.15)
  })

  it('names what has too much to do', () => {
    const outcome = simulate({ ...RUN, fleet: { ...RUN.fleet, gateways: 8 }, perSecond: 4_000 })
    expect(outcome.utilisation.pods).toBeGreaterThan(1)
    expect(busiestOf(outcome)).toBe('pods')
  })

  it('limits callers who ask too much: by Zipf’s law the first of them asks for a good part', () => {
    const { limited } = simulate({ ...RUN, callers: 100, limit: 10 })
    // By the law each caller asks 1,000 × ln((r + 1) / r) / ln 101 times a second, of which 10 pass.
    const rates = Array.from({ length: 100 }, (_, i) => (1_000 * Math.log((i + 2) / (i + 1))) / Math.log(101))
    const passing = rates.reduce((sum, rate) => sum + Math.min(rate, 10), 0) / 1_000
    expect(Math.abs(limited - (1 - passing))).toBeLessThan(0.03)
    const random = createRandom('1').fraction
    const first = Array.from({ length: 10_000 }, () => rankOf(random(), 100)).filter((rank) => rank === 0).length
    expect(Math.abs(first / 10_000 - Math.log(2) / Math.log(101))).toBeLessThan(0.02)
  })

  it('has calls wait for an instance that starts, and fail with one that dies', () => {
    const rare = simulate({ ...RUN, perSecond: 1, requests: 600, endpoints: 50, startSeconds: 2, idleSeconds: 60 })
    expect(rare.cold).toBeGreaterThan(0.1)
    expect(rare.p99Ms).toBeGreaterThan(2_000)
    const fleet = { ...RUN.fleet, gateways: 3, pods: { read: 3, write: 3, events: 3 } }
    const dying = simulate({
      ...RUN,
      fleet,
      perSecond: 5_500,
      requests: 60_000,
      failures: true,
      startSeconds: 2,
      awaySeconds: 5,
    })
    expect(dying.failed).toBeGreaterThan(0)
    expect(dying.failed).toBeLessThan(0.001)
  })
})
