import type { ContractSet, Fault } from 'ebb/contract'
import type { DeadDelivery } from '../../../src/data/redrive.ts'
import { eventFaults } from '../../../src/http/event-faults.ts'

/** Judges a delivery as its subscriber's contract is now: every fault, none where the event would be taken in. */
export function fits({ subscriptions, validateEvent }: ContractSet): (delivery: DeadDelivery) => readonly Fault[] {
  return ({ consumer, type, subject, payload }) => {
    const on = subscriptions.find(({ name }) => name === consumer)?.on
    if (on !== undefined && on !== type) return [{ path: 'type', message: `${consumer} takes ${on} now` }]
    const judged = validateEvent(consumer, payload)
    return judged.ok ? eventFaults({ data: payload, subject }) : judged.faults
  }
}
