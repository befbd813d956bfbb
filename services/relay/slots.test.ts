import { describe, expect, it } from '@jest/globals'
import { createSlots } from './slots.ts'

const target = { name: 'send-welcome', scale: { max: 2, concurrency: 40 } } as Parameters<
  ReturnType<typeof createSlots>['free']
>[0]

let time = 0

function after(calls: readonly boolean[]): number {
  const slots = createSlots({ maxInFlight: 500, now: () => time })
  for (const failed of calls) {
    slots.take(target.name)
    slots.release(target.name, { failed })
  }
  time += 100
  return slots.free(target)
}
const times = (count: number, failed: boolean) => Array<boolean>(count).fill(failed)

describe('the slots of a function', () => {
  it('are as many as its instances can take, less those that are taken', () => {
    const slots = createSlots({ maxInFlight: 500 })
    slots.take(target.name)
    expect(slots.free(target)).toBe(79)
    slots.share(10)
    expect(slots.free(target)).toBe(49)
  })

  it('are nearly all where one call of a hundred fails, few where half of them do, one where all do', () => {
    expect(after([...times(50, false), true, ...times(49, false)])).toBeGreaterThanOrEqual(79)
    expect(after(Array.from({ length: 200 }, (_, i) => i % 2 === 0))).toBeLessThan(25)
    expect(after(times(100, true))).toBe(1)
  })

  it('are none for 100 ms where all of the last calls have failed', () => {
    const slots = createSlots({ maxInFlight: 500, now: () => time })
    for (let call = 0; call < 30; call++) {
      slots.take(target.name)
      slots.release(target.name, { failed: true })
    }
    expect([slots.free(target), slots.pausedMs(target.name)]).toEqual([0, 100])
    time += 100
    expect([slots.free(target), slots.pausedMs(target.name)]).toEqual([1, 0])
  })

  it('come back with calls that do not fail', () => {
    expect(after([...times(100, true), ...times(40, false)])).toBeGreaterThan(70)
  })
})
