import { type Attempt, eventOf, type Model, nameOf, type State } from './state.ts'

/** What holds in every state. Returns what is wrong, in words, or undefined. */
type Invariant = (model: Model, state: State) => string | undefined

/** Each event whose transaction is committed is in the outbox, until it was fanned out and all its deliveries are done. */
const noEventIsLost: Invariant = ({ rules, bounds: { subscribers } }, { events, deliveries, mark }) => {
  for (const [event, { emitted, fanOut, dropped }] of events.entries()) {
    const lost = `event ${event + 1} is lost`
    if (emitted === 'lost') return `${lost}: what it is about is committed, and it is not in the outbox`
    if (emitted !== 'committed') continue
    if (fanOut === 'no' && !rules.fanOutByRows && event + 1 <= mark)
      return `${lost}: it is committed after event ${mark} was fanned out, and no relay looks back`
    if (dropped && fanOut !== 'done') return `${lost}: its day was dropped before it was fanned out`
    for (let index = event * subscribers; index < (event + 1) * subscribers; index++) {
      const { row, done } = deliveries[index]!
      const isOver = row === 'none' || row === 'given up'
      if (dropped && !isOver) return `${lost}: its day was dropped while it was ${row}`
      if (fanOut === 'done' && row === 'none' && done === 0)
        return `${lost}: its delivery was deleted before it was done`
    }
  }
  return undefined
}

/** What is done has had its effect, or is having it. */
const doneHasEffect: Invariant = (model, { deliveries }) => {
  for (const [index, { done, effects, tries }] of deliveries.entries())
    if (done > 0 && effects === 0 && !tries.some(isUnderWay))
      return `${nameOf(index, model)} is lost: it counts as done, and its function never had it`
  return undefined
}

const isUnderWay = ({ outcome, request }: Attempt) => outcome === 'unsent' || request !== 'none'

const noEffectTwice: Invariant = (model, { deliveries }) => {
  for (const [index, { effects }] of deliveries.entries())
    if (effects > 1) return `${nameOf(index, model)} is doubled: its function has committed it twice`
  return undefined
}

const noMoreAttemptsThanGranted: Invariant = (model, { deliveries }) => {
  const { granted } = model.bounds
  for (const [index, { leases, forgiven, uncounted }] of deliveries.entries())
    if (leases - forgiven - uncounted > granted)
      return `${nameOf(index, model)} gets attempt ${leases - forgiven - uncounted}, and ${granted} are granted`
  return undefined
}

/** An event that was dead once has lost its place: the next ones of its key go on, and redriven it comes late. */
const orderWithinKey: Invariant = (model, { events, deliveries }) => {
  const { oneKey, subscribers } = model.bounds
  if (!oneKey) return undefined
  for (const [index, { effects }] of deliveries.entries()) {
    if (effects === 0) continue
    for (let before = index - subscribers; before >= 0; before -= subscribers) {
      const earlier = deliveries[before]!
      const wasDead = earlier.row === 'dead' || earlier.row === 'given up' || earlier.forgiven > 0
      if (events[eventOf(before, model)]!.emitted === 'committed' && earlier.effects === 0 && !wasDead)
        return `the function has had ${nameOf(index, model)} and not ${nameOf(before, model)}, which has the same key and was written before`
    }
  }
  return undefined
}

/** emitted x subscribers = done + waiting + leased + dead, for what is fanned out; what is given up counts as dead. */
const accounting: Invariant = (model, { events, deliveries }) => {
  for (const [index, { row, done }] of deliveries.entries()) {
    const expected = events[eventOf(index, model)]!.fanOut === 'done' ? 1 : 0
    if ((row === 'none' ? 0 : 1) + done !== expected)
      return `${nameOf(index, model)} is counted ${(row === 'none' ? 0 : 1) + done} times: its row is ${row}, done are ${done}`
  }
  return undefined
}

const firedOnce: Invariant = (_model, { events }) => {
  for (const [index, { firings }] of events.entries())
    if (firings > 1) return `time ${index + 1} of the schedule was fired twice`
  return undefined
}

const cancelledIsNotRun: Invariant = (model, { deliveries }) => {
  for (const [index, { row, effects, tries }] of deliveries.entries())
    if (row === 'cancelled' && (effects > 0 || tries.some(isUnderWay)))
      return `${nameOf(index, model)}, an invocation, runs although its caller was told that it is cancelled`
  return undefined
}

/** When nothing more can happen, each event that was committed is done, dead or cancelled, and each time was fired. */
export const endsDoneOrDead: Invariant = (model, { events, deliveries }) => {
  for (const [event, { emitted, fanOut }] of events.entries())
    if (emitted !== 'rolled back' && (emitted !== 'committed' || fanOut !== 'done'))
      return `event ${event + 1} stays as it is for ever: ${emitted}, not fanned out`
  for (const [index, { row, done }] of deliveries.entries())
    if (
      events[eventOf(index, model)]!.emitted === 'committed' &&
      done === 0 &&
      !['dead', 'given up', 'cancelled'].includes(row)
    )
      return `${nameOf(index, model)} stays ${row} for ever`
  return undefined
}

export const INVARIANTS: Readonly<Record<string, Invariant>> = {
  noEventIsLost,
  doneHasEffect,
  noEffectTwice,
  noMoreAttemptsThanGranted,
  orderWithinKey,
  accounting,
  firedOnce,
  cancelledIsNotRun,
}
