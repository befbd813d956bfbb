import {
  type Attempt,
  type Delivery,
  forEachAttempt,
  type Model,
  nameOf,
  RELAYS,
  withAttempt,
  withDelivery,
} from '../state.ts'
import { followRedrive } from './redrive.ts'
import { addWithRelease } from './release.ts'
import type { Step } from './step.ts'

/** A relay leases what is due. It is one row at a time here: a batch is the same as several of these in a row. */
export const lease: Step = (model, state, add) => {
  for (const [index, delivery] of state.deliveries.entries()) {
    if (delivery.row !== 'waiting' || delivery.held) continue
    const leases = delivery.leases + 1
    const attempts = model.rules.leaseCountsAttempt ? leases : delivery.attempts
    for (const relay of idleFirst(delivery)) {
      const attempt: Attempt = { lease: leases, relay, outcome: 'unsent', request: 'none' }
      const tries = [...delivery.tries, attempt]
      const next = withDelivery(state, index, { row: 'leased', attempts, leases, tries })
      add(next, () => `relay ${relay} leases ${nameOf(index, model)}: attempt ${leases}`)
    }
  }
}

/** The relays, but first one that has nothing of it in memory: of two ways that are as long, that one says more. */
const idleFirst = ({ tries }: Delivery) => (tries.some(({ relay }) => relay === 'A') ? RELAYS.toReversed() : RELAYS)

/** The request leaves the relay. That may be long after the lease: the relay may have been stopped in between. */
export const processCall: Step = (model, state, add) =>
  forEachAttempt(state, (attempt, delivery, index) => {
    if (attempt.outcome !== 'unsent') return
    const sent = withAttempt(delivery, attempt, { outcome: 'sent', request: 'arrived' })
    const words = () => `relay ${attempt.relay} sends attempt ${attempt.lease} of ${nameOf(index, model)}`
    add(withDelivery(state, index, sent), words)
  })

/** A relay ends its lease with what came of the call. */
export const settle: Step = (model, state, addNext) => {
  const add = addWithRelease(model, addNext)
  forEachAttempt(state, (attempt, delivery, index) => {
    const isEarly = attempt.outcome === 'unsent' && !model.rules.postBeforeDone
    if (!attempt.relay || attempt.outcome === 'sent' || (attempt.outcome === 'unsent' && !isEarly)) return
    const isOwn = delivery.row === 'leased' && delivery.leases === attempt.lease
    const isValid = isOwn || (delivery.row !== 'none' && !model.rules.settleNeedsToken)
    const words = () => `relay ${attempt.relay} settles attempt ${attempt.lease} of ${nameOf(index, model)}`
    const forget = (from: Delivery) => (isEarly ? from : withAttempt(from, attempt, { relay: undefined }))
    if (!isValid) {
      if (!isEarly) add(withDelivery(state, index, forget(delivery)), () => `${words()}: its lease is no longer valid`)
      return
    }
    const settled = settleAs(model, delivery, { ...attempt, ...(isEarly ? { outcome: 'done' } : {}) })
    const state_ = settled.row === 'none' ? 'done' : settled.row
    const finish = (to: Delivery) => followRedrive(model, withDelivery(state, index, to), index)
    add(finish(forget(settled)), () => `${words()} as ${state_}${isEarly ? ', before it is sent' : ''}`)
    if (!isEarly)
      add(finish(settled), () => `${words()} as ${state_}; the answer to the commit is lost, and it tries again`)
  })
}

function settleAs({ rules, bounds }: Model, delivery: Delivery, { outcome, lease: token }: Attempt): Delivery {
  if (outcome === 'done') return { ...delivery, row: 'none', done: delivery.done + 1 }
  const attempts = rules.leaseCountsAttempt ? delivery.attempts : delivery.attempts + 1
  if (outcome === 'signature refused') return { ...delivery, row: 'waiting', uncounted: delivery.uncounted + 1 }
  const number = rules.leaseCountsAttempt ? token : attempts
  const isLast = outcome === 'refused' || number - delivery.forgiven - delivery.uncounted >= bounds.granted
  return { ...delivery, attempts, row: isLast ? 'dead' : 'waiting' }
}

/**
 * A lease ends, and a relay takes the delivery back. It may end at any time here: a relay or a function may have been
 * stopped, or a clock set forward.
 */
export const reclaim: Step = (model, state, addNext) => {
  const add = addWithRelease(model, addNext)
  for (const [index, { row, attempts, forgiven, uncounted }] of state.deliveries.entries()) {
    if (row !== 'leased') continue
    const isLast = attempts - forgiven - uncounted >= model.bounds.granted
    const reclaimed = withDelivery(state, index, { row: isLast ? 'dead' : 'waiting' })
    const words = () =>
      `the lease of ${nameOf(index, model)} ends, and a relay reclaims it: ${isLast ? 'dead' : 'waiting'}`
    add(followRedrive(model, reclaimed, index), words)
  }
}
