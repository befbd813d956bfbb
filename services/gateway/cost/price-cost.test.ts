import { expect, it } from '@jest/globals'
import { definePrices } from 'ebb/contract'
import type { CallSum, InstanceSum } from '../../../src/data/cost/read-cost.ts'
import { priceCost } from './price-cost.ts'

const [from, to] = [new Date('2026-11-30T00:00:00Z'), new Date('2026-11-30T02:00:00Z')]
const hour = (hours: number) => new Date(+from + hours * 3_600_000)
/** A second of an instance of 1 CPU and 1 GiB costs 3. */
const prices = definePrices({
  ...{
    currency: 'EUR',
    perVcpuSecond: 2,
    perGibSecond: 1,
    perMillionRequests: 1e6,
    perGbSent: 1e9,
    databasePerHour: 30,
  },
  services: { gateway: { cpu: '500m', memory: '1Gi' }, relay: { cpu: '1', memory: '1Gi' } },
})
const instance = (part: Partial<InstanceSum>): InstanceSum => ({
  ...({ at: from, kind: 'function', name: 'read', cpuMilli: 1_000, memoryMib: 1_024, instances: 1 } as const),
  ...{ starting: 0, busy: 0, idle: 0, cpu: 0, database: 0, ...part },
})
const call = (part: Partial<CallSum>): CallSum => ({
  ...({ route: 'read', by: 'gateway', plan: null, tenant: null, requests: 0, calls: 0, deferred: 0 } as const),
  ...{ coldStarts: 0, warmSeconds: 0, bytes: 0, ...part },
})
const price = (
  instances: readonly InstanceSum[],
  calls: readonly CallSum[],
  options: Partial<Parameters<typeof priceCost>[1]> = {},
) => priceCost({ from, to, instances, calls }, { prices, warmth: new Map(), now: to, ...options })
const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0)

const INSTANCES = [
  instance({ starting: 1, busy: 10, idle: 20, database: 3 }),
  instance({ at: hour(1), busy: 10, idle: 30, database: 3, cpuMilli: 500, memoryMib: 512 }),
  instance({ name: 'write', starting: 2, busy: 5, idle: 5, database: 2 }),
  instance({ kind: 'gateway', name: 'gateway', busy: 100, cpuMilli: 0, memoryMib: 0 }),
  instance({ kind: 'relay', name: 'relay', busy: 10, cpuMilli: 0, memoryMib: 0 }),
]
const CALLS = [
  call({ plan: 'pro', tenant: 'acme', requests: 30, calls: 10, coldStarts: 1, warmSeconds: 9, bytes: 100 }),
  call({ tenant: 'zoo', requests: 10, calls: 10, warmSeconds: 30 }),
  call({ route: 'write', by: 'relay', requests: 4, calls: 4, warmSeconds: 4 }),
  call({ route: 'old-service', requests: 10, calls: 10, bytes: 7 }),
]

it('the parts are the whole: of functions, of plans and of tenants', () => {
  const cost = price(INSTANCES, CALLS)
  const [read, write, proxy] = ['read', 'write', 'old-service'].map((name) =>
    cost.functions.find((f) => f.name === name),
  )
  expect(read?.seconds).toEqual({ starting: 1, busy: 20, idle: 50, warm: 0 })
  expect(read?.cost).toMatchObject({ busy: 45, starting: 3, idle: 105, requests: 40, traffic: 100, database: 45 })
  expect([read?.cost.gateway, proxy?.cost.gateway, write?.cost.relay]).toEqual([160, 40, 30])
  expect(read).toMatchObject({ requests: 40, calls: 20, coldStarts: 1, avoided: 20, saved: 45 })
  expect(cost.services.map(({ cost }) => cost)).toEqual([200, 30])
  expect([cost.databaseCost, cost.unused]).toEqual([60, 129])
  expect(sum(cost.functions.map(({ cost }) => cost.total))).toBeCloseTo(cost.cost ?? 0, 9)
  for (const callers of [cost.plans, cost.tenants]) {
    expect(sum(callers.map(({ cost }) => cost))).toBeCloseTo((cost.cost ?? 0) - 129, 9)
    expect(sum(callers.map(({ busySeconds }) => busySeconds))).toBeCloseTo(25, 9)
  }
  // Ten calls of a second each, of which one waited for a start; and ten of three.
  const acme = cost.tenants.find(({ tenant }) => tenant === 'acme')
  expect(acme).toMatchObject({ requests: 30, calls: 10, busySeconds: 5, bytes: 100 })
  expect(cost.series).toEqual([
    { at: from.toISOString(), seconds: { starting: 3, busy: 15, idle: 25 }, cost: 129 },
    { at: hour(1).toISOString(), seconds: { starting: 0, busy: 10, idle: 30 }, cost: 60 },
  ])
})

it('idle seconds that the contract asks for are warm, up to now', () => {
  const of = (warmth: object, now = to) =>
    price([instance({ idle: 3_000 })], [], { warmth: new Map([['read', warmth]]), now }).functions[0]?.seconds
  expect(of({ min: 1 })).toMatchObject({ idle: 0, warm: 3_000 })
  expect(of({ warm: [{ from: '00:00', to: '00:30' }] })).toMatchObject({ idle: 1_200, warm: 1_800 })
  expect(of({ warm: [{ from: '01:00', to: '02:00' }] })).toMatchObject({ idle: 3_000, warm: 0 })
  expect(of({ min: 2 }, new Date(+from + 600_000))).toMatchObject({ idle: 1_800, warm: 1_200 })
})

it('without prices there are seconds, and no amounts', () => {
  const cost = price(INSTANCES, CALLS, { prices: undefined })
  expect([cost.currency, cost.cost, cost.unused, cost.databaseCost]).toEqual([null, null, null, null])
  const [read] = cost.functions
  expect([read?.seconds.busy, read?.saved, ...Object.values(read?.cost ?? {})]).toEqual([20, ...Array(11).fill(null)])
})

it('what no gateway and no relay has seen is nobody’s, and of many tenants the last are one', () => {
  const unseen = price([instance({ busy: 4, database: 1 })], [])
  expect(unseen.tenants).toMatchObject([{ tenant: null, requests: 0, busySeconds: 4, cost: 12 + 60 }])
  const many = Array.from({ length: 150 }, (_, i) => call({ tenant: `t${i}`, requests: 1, calls: 1, warmSeconds: 1 }))
  const { tenants } = price([instance({ busy: 150, database: 1 })], many)
  expect([tenants.length, tenants.at(-1)]).toMatchObject([101, { tenant: '*', requests: 50 }])
  expect(sum(tenants.map(({ busySeconds }) => busySeconds))).toBeCloseTo(150, 9)
})

it('a request whose call comes later from a relay has avoided no call', () => {
  const calls = [
    call({ requests: 30, calls: 10, deferred: 20, warmSeconds: 10 }),
    call({ by: 'relay', requests: 20, calls: 20, warmSeconds: 20 }),
  ]
  expect(price(INSTANCES, calls).functions[0]).toMatchObject({ requests: 50, calls: 30, avoided: 0, saved: 0 })
})
