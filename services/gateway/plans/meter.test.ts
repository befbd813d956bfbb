import { expect, it } from '@jest/globals'
import type { Charge } from 'ebb/kernel'
import type { Granted, UsageEntry } from '../../../src/data/usage.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { createMeter, type MeterOptions } from './meter.ts'

const QUOTA = { requests: 5, per: 'month', timeZone: 'UTC' } as const
const ANN: Charge = { holder: 'caller ann', plan: 'free', subject: 'ann', quota: QUOTA }
const BOB: Charge = { holder: 'caller bob', plan: 'free', subject: 'bob' }

/** A store that counts as the database does, and whose answers a test holds or loses. */
function setUp(options: Partial<MeterOptions> = {}) {
  const used = new Map<string, number>()
  const outcomes = new Map<number, readonly (Granted | undefined)[]>()
  const state = {
    batches: [] as (readonly UsageEntry[])[],
    /** Called after a batch is counted, before its answer. */
    answer: async (): Promise<void> => {},
    /** Called before a batch is counted. */
    reach: async (): Promise<void> => {},
    uncounted: 0,
  }
  const lines: string[] = []
  const keep = (_fields: unknown, text?: string) => void lines.push(text ?? String(_fields))
  const count = ({ charge, wanted, counted }: UsageEntry): Granted | undefined => {
    const before = used.get(charge.holder) ?? 0
    const granted = charge.quota ? Math.min(wanted, Math.max(0, charge.quota.requests - before - counted)) : wanted
    used.set(charge.holder, before + granted + counted)
    return charge.quota && { granted, used: before + granted + counted, resetMs: 5_000 }
  }
  const meter = createMeter(
    async ({ number }, entries) => {
      await state.reach()
      const outcome = outcomes.get(number) ?? entries.map(count)
      if (!outcomes.has(number)) state.batches.push(entries)
      outcomes.set(number, outcome)
      await state.answer()
      return outcome
    },
    {
      log: { info: keep, warn: keep, error: keep } as never,
      onUncounted: () => void state.uncounted++,
      ...{ waitMs: 60_000, delayMs: 5, retryMs: 1, ...options },
    },
  )
  return { meter, state, used, lines }
}

it('requests that come while a batch runs share the next one; the quota’s last goes to who came first', async () => {
  const { meter, state } = setUp()
  const gate = Promise.withResolvers<void>()
  state.answer = () => gate.promise
  const taken = Array.from({ length: 8 }, () => meter.take(ANN))
  gate.resolve()
  const decisions = await Promise.all(taken)
  expect(state.batches.map(([entry]) => entry?.wanted)).toEqual([1, 7])
  expect(decisions.map(({ allowed, remaining }) => (allowed ? remaining : 'refused'))).toEqual([
    ...[4, 3, 2, 1, 0],
    ...['refused', 'refused', 'refused'],
  ])
  expect(decisions.at(-1)?.waitSeconds).toBe(5)
  expect(meter.findRefusal(ANN)).toEqual({ allowed: false, remaining: 0, waitSeconds: 5 })
  expect(meter.findRefusal({ ...ANN, quota: { ...QUOTA, requests: 6 } })).toBeUndefined()
  expect(meter.findRefusal(BOB)).toBeUndefined()
})

it('a batch whose answer is lost is counted once', async () => {
  const { meter, state, used, lines } = setUp()
  let lost = 3
  state.answer = async () => {
    if (lost-- > 0) throw new Error('the connection is lost')
  }
  expect(await meter.take(ANN)).toMatchObject({ allowed: true, remaining: 4 })
  expect([used.get('caller ann'), state.batches.length, lines.length]).toEqual([1, 1, 2])
})

it('503 for a request that waits too long, and what was counted for it is given back', async () => {
  const { meter, state, used } = setUp({ waitMs: 10 })
  const gate = Promise.withResolvers<void>()
  state.answer = () => gate.promise
  await expect(meter.take(ANN)).rejects.toMatchObject({ status: 503, code: 'unavailable' })
  expect(used.get('caller ann')).toBe(1)
  gate.resolve()
  await untilTrue(() => used.get('caller ann') === 0)
  expect(state.uncounted).toBe(1)
})

it('503 at once where nothing could be counted for a while, and again counted when that is over', async () => {
  const { meter, state } = setUp({ waitMs: 20 })
  let down = true
  state.reach = async () => {
    if (down) throw new Error('down')
  }
  await expect(meter.take(ANN)).rejects.toMatchObject({ status: 503 })
  await untilTrue(async () => {
    const began = performance.now()
    await meter.take(ANN).catch(() => {})
    return performance.now() - began < 5
  })
  down = false
  await untilTrue(() =>
    meter.take(ANN).then(
      ({ allowed }) => allowed,
      () => false,
    ),
  )
})

it('what the database refuses to count is refused, and holds up nothing', async () => {
  const { meter, state, lines } = setUp()
  state.reach = async () => {
    throw Object.assign(new Error('time zone not recognized'), { code: '22023' })
  }
  await expect(meter.take(ANN)).rejects.toMatchObject({ status: 503 })
  state.reach = async () => {}
  expect((await meter.take(ANN)).allowed).toBe(true)
  expect(lines).toEqual(['the database refuses to count these requests'])
})

it('what has no quota, was refused or is given back is counted a little later, in one batch, and at the end', async () => {
  const { meter, state, used } = setUp()
  for (let i = 0; i < 50; i++) meter.count(BOB, 'requests')
  for (let i = 0; i < 3; i++) meter.count(BOB, 'refused')
  await untilTrue(() => state.batches.length === 1)
  expect(state.batches[0]).toEqual([{ charge: BOB, wanted: 0, counted: 50, refused: 3 }])
  await meter.take(ANN)
  meter.giveBack(ANN)
  meter.count(BOB, 'requests')
  await meter.close()
  expect([used.get('caller ann'), used.get('caller bob')]).toEqual([0, 51])
})

it('it keeps a bounded number of callers, and says what it does not count', async () => {
  const { meter, state } = setUp({ delayMs: 60_000 })
  state.reach = () => new Promise(() => {})
  for (let i = 0; i < 20_100; i++) meter.count({ ...BOB, holder: `caller ${i}`, subject: `${i}` }, 'requests')
  expect(state.uncounted).toBeGreaterThanOrEqual(100)
  expect(state.uncounted).toBeLessThanOrEqual(400)
})
