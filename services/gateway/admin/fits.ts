import type { ContractSet, Fault } from 'ebb/contract'
import type { DeadDelivery } from '../../../src/data/redrive.ts'

/** Judges a delivery as its subscriber's contract is now: every fault, none where the event would be taken in. */
export function fits({ subscriptions, validateEvent }: ContractSet): (delivery: DeadDelivery) => readonly Fault[] {
  return ({ consumer, type, payload }) => {
    const on = subscriptions.find(({ name }) => name === consumer)?.on
    if (on !== undefined && on !== type) return [{ path: 'type', message: `${consumer} takes ${on} now` }]
    const judged = validateEvent(consumer, payload)
    return judged.ok ? [] : judged.faults
  }
}
