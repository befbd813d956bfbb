import {
  type Attempt,
  type Delivery,
  forEachAttempt,
  nameOf,
  RELAYS,
  type State,
  withAttempt,
  withDelivery,
  withEvent,
} from '../state.ts'
import type { Step, Steps } from './step.ts'

/** A relay is killed, and starts again with nothing in memory. */
const relayIsKilled: Step = (_model, state, add) => {
  for (const relay of RELAYS) {
    const forget = (delivery: Delivery) =>
      delivery.tries
        .filter((attempt) => attempt.relay === relay)
        .reduce((rest, attempt) => withAttempt(rest, attempt, { relay: undefined }), delivery)
    const next: State = {
      ...state,
      events: state.events.map((event) => ({
        ...event,
        fanOut: event.fanOut === relay ? 'no' : event.fanOut,
        foundBy: event.foundBy.filter((one) => one !== relay),
      })),
      deliveries: state.deliveries.map(forget),
    }
    add(next, () => `relay ${relay} is killed`)
  }
}

/** The process that is to write an event is killed. */
const writerIsKilled: Step = (_model, state, add) => {
  for (const [index, { emitted }] of state.events.entries()) {
    if (emitted === 'open') {
      const next = withEvent(state, index, { emitted: 'rolled back' })
      add(next, () => `the process of the handler is killed, and event ${index + 1} rolled back`)
    }
    if (emitted === 'unwritten')
      add(
        withEvent(state, index, { emitted: 'lost' }),
        () => `the process that was to write event ${index + 1} is killed`,
      )
  }
}

/** The function is killed, fails, or refuses for good: its transaction is rolled back, and whoever waits hears of it. */
const functionFails: Step = (model, state, add) =>
  forEachAttempt(state, (attempt, delivery, index) => {
    if (attempt.request === 'none') return
    const words = `attempt ${attempt.lease} of ${nameOf(index, model)}`
    const end = (outcome: Attempt['outcome'], what: string) => {
      const ended = withAttempt(delivery, attempt, { request: 'none', outcome })
      add(withDelivery(state, index, ended), () => `the function ${what} ${words}`)
    }
    if (attempt.outcome !== 'sent') {
      end(attempt.outcome, 'fails at')
      return
    }
    end('failed', 'fails at')
    end('refused', 'refuses for good')
    const underWay = delivery.tries.filter(({ outcome }) => outcome === 'signature refused').length
    const mayRefuse = delivery.uncounted + underWay < model.bounds.refusedSignatures
    if (mayRefuse && attempt.request === 'arrived') end('signature refused', 'refuses the signature of')
  })

/** The relay hears nothing more, by a reset or a limit of time, and the function goes on. */
const connectionBreaks: Step = (model, state, add) =>
  forEachAttempt(state, (attempt, delivery, index) => {
    if (attempt.outcome !== 'sent') return
    const broken = withAttempt(delivery, attempt, { outcome: 'failed' })
    const words = () =>
      `the connection of attempt ${attempt.lease} of ${nameOf(index, model)} breaks; the function goes on`
    add(withDelivery(state, index, broken), words)
  })

/** Postgres is killed: all that is open is rolled back. */
const postgresIsKilled: Step = (_model, state, add) => {
  const rollBack = (delivery: Delivery) =>
    delivery.tries
      .filter(({ request }) => request === 'open')
      .reduce((rest, attempt) => {
        const outcome = attempt.outcome === 'sent' ? 'failed' : attempt.outcome
        return withAttempt(rest, attempt, { request: 'none', outcome })
      }, delivery)
  const next: State = {
    ...state,
    events: state.events.map((event) => ({
      ...event,
      emitted: event.emitted === 'open' ? 'rolled back' : event.emitted,
      fanOut: event.fanOut === 'done' ? 'done' : 'no',
    })),
    deliveries: state.deliveries.map(rollBack),
  }
  add(next, () => 'Postgres is killed, and what was open is rolled back')
}

export const FAULTS: Steps = { relayIsKilled, writerIsKilled, functionFails, connectionBreaks, postgresIsKilled }
