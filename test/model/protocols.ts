import { appendAfterwards, appendInTransaction, transactHandler } from './steps/emit.ts'
import { fanOut } from './steps/fan-out.ts'
import { recordInInbox, transactFunction } from './steps/function.ts'
import { acceptInvocation, cancelInvocation } from './steps/invocation.ts'
import { redrive } from './steps/redrive.ts'
import { lease, processCall, reclaim, settle } from './steps/relay.ts'
import { releaseFirst } from './steps/release.ts'
import { dropDead, dropHistory, forgetDeadLetters } from './steps/retention.ts'
import { decideFirings, findSchedules } from './steps/schedule.ts'
import type { Step, Steps } from './steps/step.ts'

const either =
  (one: Step, other: Step): Step =>
  (model, state, add) => {
    one(model, state, add)
    other(model, state, add)
  }

/** An event's way, from the transaction that emits it to the end of its last attempt, and beyond. */
export const EVENTS: Steps = {
  appendEvents: either(appendInTransaction, appendAfterwards),
  transact: either(transactHandler, transactFunction),
  fanOut,
  releaseFirst,
  leaseDeliveries: lease,
  processCall,
  recordInInbox,
  settleDeliveries: settle,
  reclaimDeliveries: reclaim,
  redrive,
}

/** And what becomes of its rows in the end. */
export const RETENTION: Steps = { ...EVENTS, dropDead, dropHistory, forgetDeadLetters }

/** An event that nobody emits but the relay: `decideFirings` writes it with the row of its firing. */
export const SCHEDULES: Steps = {
  ...EVENTS,
  appendEvents: appendAfterwards,
  transact: transactFunction,
  findSchedules,
  decideFirings,
}

/** An asynchronous call: the row of its key is the inbox, and it is leased and settled as a delivery is. */
export const INVOCATIONS: Steps = {
  acceptInvocation,
  cancelInvocation,
  leaseInvocations: lease,
  processCall,
  claimKey: recordInInbox,
  transact: transactFunction,
  settleInvocation: settle,
  reclaimInvocations: reclaim,
}
