import { describe, expect, it } from '@jest/globals'
import { definePrices, endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { limitsOf } from './limits-of.ts'
import { MEASURED } from './measured.ts'
import { type LoadOptions, readLoad } from './read-load.ts'
import { CPU_PARTS, coresFor, REQUEST_KINDS, type ServiceTimes, utilisationOf, wakeFactor } from './service-times.ts'
import { type SizeOptions, sizeOf } from './size-of.ts'

const each = (micros: number) => ({ busy: micros, wake: 0 })
/** A millisecond for each, so that a core does a thousand a second. */
const TIMES: ServiceTimes = {
  machine: { node: 'v26.0.0', cores: 2, load: 0, date: '2026-11-30' },
  requests: {
    refused: { gateway: each(100) },
    kept: { gateway: each(200), redis: each(10) },
    read: { gateway: each(1_000), redis: each(100), postgres: each(1_000), function: each(1_000) },
    write: { gateway: each(1_000), redis: each(100), postgres: each(4_000), function: each(2_000) },
  },
  event: { relay: each(500), postgres: each(1_000), function: each(1_000) },
  idle: { gateway: 0, redis: 0, postgres: 0, relay: 0, function: 0 },
  ...{ connectionMs: { read: 5, write: 10 }, flushMs: 1 },
}
const reserved = { cpuMilli: 100, memoryMib: 128 }
const OPTIONS: SizeOptions = {
  ...{ times: TIMES, utilisation: 0.5, bytesPerResponse: 1_000 },
  installation: {
    ...{ gateway: { replicas: 2, poolMax: 5, reserved }, relay: { replicas: 2, poolMax: 5, reserved } },
    ...{ redis: { reserved }, postgres: { connections: 100, reserved }, functionPoolMax: 2 },
  },
}

const noteAdded = event({ type: 'note.added', data: z.object({ id: z.string() }), summary: 'A note was added.' })
const common = { summary: 'Test.', access: { anonymous: true } } as const
const CONTRACTS = {
  'read-note': endpoint({
    ...{ ...common, name: 'read-note', method: 'GET', path: '/v1/notes', reply: { status: 204 }, scale: { max: 3 } },
    cache: { maxAgeSeconds: 60, shared: true },
  }),
  'add-note': endpoint({
    ...{ ...common, name: 'add-note', method: 'POST', path: '/v1/notes', reply: { status: 204 } },
    emits: { 'note.added': noteAdded },
  }),
  'count-words': subscriber({ name: 'count-words', summary: 'Test.', on: noteAdded }),
}
const load = (options: Partial<LoadOptions> = {}) =>
  readLoad(CONTRACTS, { perSecond: 1_000, writes: 0.1, kept: 0, refused: 0, ...options })
const sized = (options: Partial<LoadOptions> = {}, more: Partial<SizeOptions> = {}) => {
  const { parts, ...all } = sizeOf(load(options), { ...OPTIONS, ...more })
  return { ...all, parts, counts: Object.fromEntries(parts.map(({ name, count }) => [name, count])) }
}

describe('how busy a part is', () => {
  it('is what it has to do, and less of waking the busier it is; so many cores keep it at what is wanted', () => {
    expect(utilisationOf({ busy: 250_000, wake: 0, perSecond: 100 })).toBe(0.25)
    // u = 0.3 + (1 - u) 0.4.
    const demand = { busy: 300_000, wake: 400_000, perSecond: 200 }
    expect(utilisationOf(demand)).toBeCloseTo(0.5, 9)
    expect(coresFor(demand, 0.5)).toBeCloseTo(1, 9)
    // Of pauses that are a quarter as long, half: u = 0.3 + (1 - u) 0.2.
    expect(utilisationOf({ ...demand, perSecond: 800 })).toBeCloseTo(0.5 / 1.2, 9)
    for (const perSecond of [0.1, 200, 5_000])
      for (const utilisation of [0.1, 0.4, 0.7, 0.9]) {
        const each = { ...demand, perSecond }
        expect(utilisationOf(each, coresFor(each, utilisation))).toBeCloseTo(utilisation, 9)
      }
    // Never woken, since it is never idle.
    expect(utilisationOf({ busy: 2_000_000, wake: 1_000_000, perSecond: 1 })).toBe(2)
  })

  it('is twice as much of waking after four times the pause, up to a tenth of a second', () => {
    expect(wakeFactor(0.02) / wakeFactor(0.005)).toBeCloseTo(2, 9)
    expect([wakeFactor(0), wakeFactor(1) === wakeFactor(10)]).toEqual([0, true])
  })
})

describe('a size', () => {
  it('has as many processes as keep each at the utilisation, and at least what the chart has', () => {
    const { counts, parts, connections } = sized()
    // 1,000 requests take a core of gateways, which may be half busy; 900 reads take 0.9 of one at the functions, and 100 writes 0.2.
    expect(counts).toEqual({
      ...{ gateway: 2, relay: 2, redis: 1, postgres: 1, 'read-note': 2, 'add-note': 1, 'count-words': 1 },
    })
    expect(parts.find(({ part }) => part === 'postgres')).toMatchObject({ cpuMilli: 2_800, cores: 1.4 })
    expect(parts.find(({ part }) => part === 'gateway')).toMatchObject({ cpuMilli: 1_000, cores: 1 })
    expect(connections).toBe(2 * 6 + 2 * 6 + 4 * 2)
    expect(sized({ perSecond: 4_000 }).counts).toMatchObject({ gateway: 8, redis: 1, 'read-note': 8, 'add-note': 2 })
    expect(sized({ perSecond: 10 }).counts).toMatchObject({ gateway: 2, relay: 2, 'read-note': 1 })
  })

  it('has instances for as many calls at a time as contracts allow, though they compute nothing', () => {
    const own = new Map([['add-note', { cpuMicros: 1, waitMs: 2_000, connectionMs: 1 }]])
    // 100 a second for 2 s each are 200 at a time, of which an instance takes half of 50.
    expect(sized({ own }).counts['add-note']).toBe(8)
  })

  it('takes away what gateways answer and refuse, and adds what is delivered', () => {
    const { counts, parts } = sized({ kept: 1, refused: 0.5 })
    expect(counts).toMatchObject({ 'read-note': 0, 'count-words': 1 })
    // 500 refused, 450 kept, 50 written.
    expect(parts.find(({ part }) => part === 'gateway')?.cores).toBeCloseTo(0.05 + 0.09 + 0.05, 9)
    expect(sized({ events: 2_000 }).counts).toMatchObject({ relay: 2, 'count-words': 4 })
    expect(sized({ events: 8_000 }).counts).toMatchObject({ relay: 8, 'count-words': 16 })
  })

  it('has the price of what is reserved, of the database, of requests and of traffic', () => {
    const prices = definePrices({
      ...{ currency: 'EUR', perVcpuSecond: 0.00001, perGibSecond: 0 },
      ...{ perMillionRequests: 0.1, perGbSent: 0.01, databasePerHour: 0.1 },
    })
    const { parts, perMonth } = sized({}, { prices })
    const of = (part: string) => parts.find((one) => one.part === part)?.perMonth
    expect(of('gateway')).toBeCloseTo(2 * 0.00001 * 730 * 3_600, 6)
    expect(of('postgres')).toBeCloseTo(73, 6)
    const [use, reserving] = [262.8 + 26.28, parts.reduce((sum, one) => sum + (one.perMonth ?? 0), 0)]
    expect(perMonth).toBeCloseTo(reserving + use, 4)
    expect(sized().perMonth).toBeNull()
  })

  it('says what ends first, and at which rate', () => {
    const limits = limitsOf(load(), OPTIONS)
    expect(limits.map(({ perSecond }) => perSecond)).toEqual(
      [...limits.map(({ perSecond }) => perSecond)].sort((a, b) => a - b),
    )
    const at = (part: string) => limits.find((one) => one.part.startsWith(part))?.perSecond ?? 0
    expect(at('one gateway')).toBeCloseTo(1_000, 6)
    expect(at('the Redis')).toBeCloseTo(10_000, 6)
    expect(at('a Postgres')).toBeCloseTo(32_000 / 1.4, 6)
    // Three instances, half busy, read 1,500 times a second.
    expect(at('3 of read-note')).toBeCloseTo(1_500 / 0.9, 0)
    const { connections } = sizeOf(load({ perSecond: at('100 connections') * 0.999 }), OPTIONS)
    expect(connections).toBeLessThanOrEqual(100)
    expect(sizeOf(load({ perSecond: at('100 connections') * 1.001 }), OPTIONS).connections).toBeGreaterThan(100)
  })
})

describe('a load', () => {
  it('is spread by shares, and emits what its contracts say', () => {
    const shares = new Map([
      ['add-note', 0.4],
      ['read-note', 0.6],
    ])
    const { endpoints, subscribers } = load({ shares })
    expect(endpoints.map(({ name, perSecond }) => `${name} ${perSecond}`)).toEqual(['read-note 600', 'add-note 400'])
    expect(subscribers.map(({ perSecond }) => perSecond)).toEqual([400])
  })

  it('of what is not there is refused', () => {
    expect(() => load({ shares: new Map([['no-note', 1]]) })).toThrow('there is no endpoint no-note')
    expect(() => readLoad({}, { perSecond: 1, writes: 0, kept: 0, refused: 0 })).toThrow(
      'there is no endpoint in this project',
    )
    const { 'count-words': _, ...others } = CONTRACTS
    const options = { perSecond: 1, writes: 0, kept: 0, refused: 0, events: 5 }
    expect(() => readLoad(others, options)).toThrow('there is no subscriber in this project')
  })
})

it('what was measured has all that a size is reckoned from', () => {
  for (const kind of REQUEST_KINDS) expect(MEASURED.requests[kind].gateway?.busy).toBeGreaterThan(0)
  for (const part of ['redis', 'postgres', 'function'] as const)
    expect(MEASURED.requests.write[part]?.busy).toBeGreaterThan(0)
  for (const part of ['relay', 'postgres', 'function'] as const) expect(MEASURED.event[part]?.busy).toBeGreaterThan(0)
  expect(Object.keys(MEASURED.idle)).toEqual([...CPU_PARTS])
})
