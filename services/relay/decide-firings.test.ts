import { describe, expect, it } from '@jest/globals'
import type { Firing } from '../../src/data/queue/firings.ts'
import { createCronTimes } from '../../src/protocol/cron-times.ts'
import { decideFirings, jitterOf, MAX_MISSED } from './decide-firings.ts'

const at = (time: string) => new Date(`2026-01-01T${time}Z`)
const HOURLY = createCronTimes({ cron: '0 * * * *', timeZone: 'UTC' })

interface Given {
  readonly now: string
  readonly nextAt: string
  readonly missed?: 'skip' | 'once' | 'all'
  readonly overlap?: 'skip' | 'queue'
  readonly inFlight?: boolean
  readonly waiting?: readonly string[]
}

/** What is decided about an hourly schedule, as texts. */
function decide({ now, nextAt, missed = 'once', overlap = 'skip', inFlight = false, waiting = [] }: Given) {
  const progress = { now: at(now), nextAt: at(nextAt), inFlight, waiting: waiting.map(firing) }
  const decided = decideFirings({ name: 'count', missed, overlap, jitterMs: 0 }, HOURLY, progress)
  const texts = decided.firings.map(({ plannedAt, state }) => `${plannedAt.toISOString().slice(11, 16)} ${state}`)
  return [texts, decided.nextAt.toISOString().slice(11, 16)]
}

const firing = (time: string): Firing => ({ plannedAt: at(time), state: 'waiting', manual: false })

describe('a time', () => {
  it.each<[string, Given, readonly string[], string]>([
    ['has not come', { now: '00:59:59.999', nextAt: '01:00:00' }, [], '01:00'],
    ['has come', { now: '01:00:00', nextAt: '01:00:00' }, ['01:00 fired'], '02:00'],
    ['is late, and not missed', { now: '01:00:59', nextAt: '01:00:00', missed: 'skip' }, ['01:00 fired'], '02:00'],
    ['is more than a minute late', { now: '01:01:01', nextAt: '01:00:00', missed: 'skip' }, ['01:00 missed'], '02:00'],
    ['is late where one of all counts', { now: '01:59:00', nextAt: '01:00:00' }, ['01:00 fired'], '02:00'],
    ['was decided about before the clock went back', { now: '01:30:00', nextAt: '05:00:00' }, [], '05:00'],
  ])('that %s', (_, given, firings, nextAt) => {
    expect(decide(given)).toEqual([firings, nextAt])
  })
})

describe('times that were missed', () => {
  const outage = { now: '04:30:00', nextAt: '01:00:00' }
  it.each<[string, Given, readonly string[]]>([
    ['skip', outage, ['01:00 missed', '02:00 missed', '03:00 missed', '04:00 missed']],
    ['once', outage, ['01:00 missed', '02:00 missed', '03:00 missed', '04:00 fired']],
    ['all', { ...outage, overlap: 'queue' }, ['01:00 fired', '02:00 waiting', '03:00 waiting', '04:00 waiting']],
    ['skip', { now: '04:00:01', nextAt: '03:00:00' }, ['03:00 missed', '04:00 fired']],
  ])('%s', (missed, given, firings) => {
    expect(decide({ ...given, missed: missed as 'skip' })).toEqual([firings, '05:00'])
  })

  it('are a hundred at most, the last ones, after however long', () => {
    const times = createCronTimes({ cron: '* * * * * *', timeZone: 'UTC' })
    const [now, nextAt] = [at('12:00:00'), new Date('2001-01-01T00:00:00Z')]
    const schedule = { name: 'count', missed: 'all', overlap: 'queue', jitterMs: 0 } as const
    const { firings } = decideFirings(schedule, times, { now, nextAt, inFlight: true, waiting: [] })
    const fired = firings.filter(({ state }) => state === 'waiting')
    expect([fired.length, fired.at(0)?.plannedAt, fired.at(-1)?.plannedAt]).toEqual([MAX_MISSED, at('11:58:21'), now])
  })
})

describe('while the firing before is not done', () => {
  const due = { now: '01:00:00', nextAt: '01:00:00' }
  it.each<[string, Given, readonly string[]]>([
    ['the next one is skipped', { ...due, inFlight: true }, ['01:00 skipped']],
    ['it waits', { ...due, inFlight: true, overlap: 'queue' }, ['01:00 waiting']],
    ['none passes another', { ...due, inFlight: true, overlap: 'queue', waiting: ['00:00:00'] }, ['01:00 waiting']],
    [
      'then the oldest goes first',
      { ...due, overlap: 'queue', waiting: ['00:00:00'] },
      ['00:00 fired', '01:00 waiting'],
    ],
    ['then one goes', { now: '00:30:00', nextAt: '01:00:00', waiting: ['00:00:00', '00:01:00'] }, ['00:00 fired']],
    [
      'a hundred wait at most',
      { ...due, inFlight: true, overlap: 'queue', waiting: Array(100).fill('00:00:00') },
      ['01:00 skipped'],
    ],
  ])('%s', (_, given, firings) => {
    expect(decide(given)[0]).toEqual(firings)
  })
})

describe('with jitter', () => {
  const minutely = createCronTimes({ cron: '* * * * *', timeZone: 'UTC' })
  const schedule = { name: 'count', missed: 'skip', overlap: 'skip', jitterMs: 50_000 } as const

  it('each time fires once, in order, by as much later as every relay says', () => {
    const fired: Date[] = []
    let nextAt = at('01:00:00')
    for (let ms = 0; ms <= 3_600_000; ms += 1_000) {
      const now = new Date(at('01:00:00').getTime() + ms)
      const decided = decideFirings(schedule, minutely, { now, nextAt, inFlight: false, waiting: [] })
      nextAt = decided.nextAt
      for (const { plannedAt, state } of decided.firings) {
        const lateMs = now.getTime() - plannedAt.getTime() - jitterOf(schedule, plannedAt)
        expect([state, lateMs >= 0 && lateMs < 1_000]).toEqual(['fired', true])
        fired.push(plannedAt)
      }
    }
    expect(fired).toEqual(Array.from({ length: 60 }, (_, n) => new Date(at('01:00:00').getTime() + n * 60_000)))
  })

  it('another schedule fires at other moments', () => {
    const times = Array.from({ length: 100 }, (_, n) => new Date(at('01:00:00').getTime() + n * 60_000))
    const delays = times.map((time) => jitterOf(schedule, time))
    expect(Math.min(...delays)).toBeLessThan(10_000)
    expect(Math.max(...delays)).toBeGreaterThan(40_000)
    expect(times.map((time) => jitterOf({ ...schedule, name: 'other' }, time))).not.toEqual(delays)
  })
})
