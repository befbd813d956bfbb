import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { expectGoldenFile } from '../support/golden-file.ts'
import { explore } from './explore.ts'
import { EVENTS, INVOCATIONS, RETENTION, SCHEDULES } from './protocols.ts'
import { type Bounds, ONE_EVENT, RULES, type Rules } from './rules.ts'
import type { Step, Steps } from './steps/step.ts'

const run = (steps: Steps, bounds: Partial<Bounds>, rules: Partial<Rules> = {}) =>
  explore(steps, { rules: { ...RULES, ...rules }, bounds: { ...ONE_EVENT, ...bounds } })

interface Scenario {
  readonly what: string
  readonly steps: Steps
  readonly bounds: Partial<Bounds>
  /** How many there are. It changes with the model; that it is written down shows that nothing is left out unseen. */
  readonly states: number
}

const QUICK: readonly Scenario[] = [
  { what: 'one event, three attempts', steps: EVENTS, bounds: { granted: 3 }, states: 6_430 },
  {
    what: 'one event, two attempts, and one whose signature is refused',
    steps: EVENTS,
    bounds: { granted: 2, refusedSignatures: 1 },
    states: 2_926,
  },
  { what: 'two subscribers', steps: EVENTS, bounds: { subscribers: 2 }, states: 801 },
  {
    what: 'two subscribers, two attempts, one fault',
    steps: EVENTS,
    bounds: { subscribers: 2, granted: 2, faults: 1 },
    states: 75_995,
  },
  {
    what: 'two events of one key, two attempts, one fault',
    steps: EVENTS,
    bounds: { events: 2, oneKey: true, granted: 2, faults: 1 },
    states: 56_351,
  },
  { what: 'three events of one key', steps: EVENTS, bounds: { events: 3, oneKey: true }, states: 21_396 },
  {
    what: 'two events of one key, redriven while a relay that was stopped goes on',
    steps: EVENTS,
    bounds: { events: 2, oneKey: true, redrives: 1 },
    states: 49_821,
  },
  {
    what: 'one event that is redriven, one refused signature',
    steps: EVENTS,
    bounds: { redrives: 1, refusedSignatures: 1 },
    states: 4_352,
  },
  { what: 'days that are dropped, with two events', steps: RETENTION, bounds: { events: 2 }, states: 5_812 },
  { what: 'days that are dropped, with a redrive', steps: RETENTION, bounds: { redrives: 1 }, states: 895 },
  { what: 'two times of a schedule', steps: SCHEDULES, bounds: { events: 2 }, states: 12_393 },
  {
    what: 'an invocation that is cancelled',
    steps: INVOCATIONS,
    bounds: { granted: 2, refusedSignatures: 1 },
    states: 2_925,
  },
]

const FULL: readonly Scenario[] = [
  { what: 'two subscribers, two attempts', steps: EVENTS, bounds: { subscribers: 2, granted: 2 }, states: 252_668 },
  {
    what: 'two events of one key, two attempts',
    steps: EVENTS,
    bounds: { events: 2, oneKey: true, granted: 2 },
    states: 174_473,
  },
  {
    what: 'two events of one key, two subscribers',
    steps: EVENTS,
    bounds: { events: 2, subscribers: 2, oneKey: true },
    states: 504_238,
  },
]

const isFull = process.env.EBB_TEST_SCALE === 'full'

/** The largest one computes for ten seconds. */
const TIMEOUT_MS = 600_000

describe('with two relays and a fault at any moment, nothing is lost, doubled or out of order', () => {
  const explored = [...QUICK, ...(isFull ? FULL : [])]

  it.each(explored)(
    '$what: $states states',
    ({ steps, bounds, states }) => {
      const { states: found, violation } = run(steps, bounds)
      expect({ violation, found }).toEqual({ violation: undefined, found: states })
    },
    TIMEOUT_MS,
  )
})

interface NegativeModel {
  readonly what: string
  readonly gives: keyof Rules
  readonly steps: Steps
  readonly bounds: Partial<Bounds>
  readonly breaks: string
}

const TWO_OF_A_KEY = { events: 2, oneKey: true }

const NEGATIVE: readonly NegativeModel[] = [
  {
    what: 'The outbox is written after the commit',
    ...{ gives: 'outboxInTransaction', steps: EVENTS, bounds: {}, breaks: 'noEventIsLost' },
  },
  {
    what: 'Fan-out goes by a high-water mark',
    ...{ gives: 'fanOutByRows', steps: EVENTS, bounds: { events: 2 }, breaks: 'noEventIsLost' },
  },
  {
    what: 'A delivery is done before the POST',
    ...{ gives: 'postBeforeDone', steps: EVENTS, bounds: {}, breaks: 'doneHasEffect' },
  },
  {
    what: 'A stale lease settles',
    ...{ gives: 'settleNeedsToken', steps: EVENTS, bounds: { granted: 2 }, breaks: 'noMoreAttemptsThanGranted' },
  },
  {
    what: 'There is no inbox',
    ...{ gives: 'inbox', steps: EVENTS, bounds: { granted: 2 }, breaks: 'noEffectTwice' },
  },
  {
    what: 'A day with an event that is not fanned out is dropped',
    ...{ gives: 'dropKeepsFresh', steps: RETENTION, bounds: {}, breaks: 'noEventIsLost' },
  },
  {
    what: 'A day with waiting rows is dropped',
    ...{ gives: 'dropKeepsWaiting', steps: RETENTION, bounds: {}, breaks: 'noEventIsLost' },
  },
  {
    what: 'The inbox of a dead letter is dropped with its day',
    ...{ gives: 'dropKeepsInbox', steps: RETENTION, bounds: { redrives: 1 }, breaks: 'noEffectTwice' },
  },
  {
    what: 'What to keep of a day is looked for before the day is locked',
    ...{ gives: 'dropLocksDay', steps: RETENTION, bounds: { granted: 2 }, breaks: 'noEffectTwice' },
  },
  {
    what: 'A dead letter is forgotten that was redriven meanwhile',
    ...{ gives: 'forgetOnlyDead', steps: RETENTION, bounds: { redrives: 1 }, breaks: 'noEventIsLost' },
  },
  {
    what: 'An attempt is counted when it has ended',
    ...{ gives: 'leaseCountsAttempt', steps: EVENTS, bounds: {}, breaks: 'noMoreAttemptsThanGranted' },
  },
  {
    what: 'Two transactions write events of one key at a time',
    ...{ gives: 'appendLocksKey', steps: EVENTS, bounds: TWO_OF_A_KEY, breaks: 'orderWithinKey' },
  },
  {
    what: 'Two relays fan out events of one key at a time',
    ...{ gives: 'fanOutIsAlone', steps: EVENTS, bounds: TWO_OF_A_KEY, breaks: 'orderWithinKey' },
  },
  {
    what: 'All deliveries of a key are due at once',
    ...{ gives: 'fanOutHolds', steps: EVENTS, bounds: TWO_OF_A_KEY, breaks: 'orderWithinKey' },
  },
  {
    what: 'The next of a key is released while the first one is leased',
    ...{ gives: 'releaseWaitsForLeased', steps: EVENTS, bounds: TWO_OF_A_KEY, breaks: 'orderWithinKey' },
  },
  {
    what: 'The next of a key is released only by whoever ends the one before',
    ...{ gives: 'releaseLooksAtAll', steps: EVENTS, bounds: TWO_OF_A_KEY, breaks: 'endsDoneOrDead' },
  },
  {
    what: 'A firing is not unique',
    ...{ gives: 'firingIsUnique', steps: SCHEDULES, bounds: {}, breaks: 'firedOnce' },
  },
  {
    what: 'A firing is committed before its event',
    ...{ gives: 'firingInTransaction', steps: SCHEDULES, bounds: {}, breaks: 'noEventIsLost' },
  },
  {
    what: 'A cancellation looks first and writes then',
    ...{ gives: 'cancelIsOneStatement', steps: INVOCATIONS, bounds: {}, breaks: 'cancelledIsNotRun' },
  },
]

describe('a negative model fails, and the same bounds do not with all rules', () => {
  it.each(NEGATIVE)('$what: $breaks', ({ gives, steps, bounds, breaks }) => {
    expect(run(steps, bounds, { [gives]: false }).violation?.invariant).toBe(breaks)
    expect(run(steps, bounds).violation).toBeUndefined()
  })

  it('for each rule', () => {
    expect(NEGATIVE.map(({ gives }) => gives).toSorted()).toEqual(Object.keys(RULES).toSorted())
  })

  it('by the timeline that negative-models.md shows', () => {
    const sections = NEGATIVE.map(({ what, gives, steps, bounds }) => {
      const { message, timeline } = run(steps, bounds, { [gives]: false }).violation!
      return `## ${what}\n\nWithout \`${gives}\`, ${message}.\n\n${timeline.map((line) => `1. ${line}\n`).join('')}`
    })
    expectGoldenFile('test/model/negative-models.md', `${HEAD}\n${sections.join('\n')}`)
  })
})

const HEAD = `# Negative models

What happens where one rule of [the protocol](rules.ts) does not hold: the shortest way to an event that is lost, doubled or out of order. In brackets is the
step in the code. Written by \`npm test -- test/model -u\`.
`

describe('the explorer finds', () => {
  const { reclaimDeliveries: _, ...withoutReclaim } = EVENTS

  it('what nobody ends', () => {
    expect(run(withoutReclaim, {}).violation?.message).toBe('event 1 stays leased for ever')
  })

  it('a run without end', () => {
    const turn: Step = (_model, state, add) => add({ ...state, mark: 1 - state.mark }, () => 'it turns round')
    expect(run({ turn }, {}).violation?.message).toBe('a run may go on without end')
  })

  it('no fault beyond the bound', () => {
    expect(run(withoutReclaim, { faults: 0 }).violation).toBeUndefined()
  })
})

describe('the code has a function of the name of', () => {
  const sources = ['src/data', 'services/relay'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => `${root}/${file}`),
  )
  const exported = new Set(
    sources
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)])
      .map(([, name]) => name!),
  )
  const names = new Set([EVENTS, RETENTION, SCHEDULES, INVOCATIONS].flatMap((steps) => Object.keys(steps)))

  it.each([...names])('the step %s', (name) => {
    expect(exported).toContain(name)
  })
})
