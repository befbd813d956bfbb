import { isChange } from './change.ts'
import { checkKeys, type Refuse } from './check-common.ts'
import { checkFunction } from './check-function.ts'
import { checkRate } from './check-rate.ts'
import { MAX_BATCH_SIZE } from './defaults.ts'
import type { Batch, Retry, SubscriberShape } from './subscriber-shape.ts'

const KEYS = ['on', 'retry', 'rate', 'batch', 'tenancy', 'emits', 'calls', 'failures']

/** Throws a ContractError at the first contradiction. */
export function checkSubscriber(contract: SubscriberShape) {
  const refuse = checkFunction(contract, KEYS)
  refuse(
    contract.on?.kind !== 'event',
    '`on` must be an event(), declared under domain/ and named here, or the change() of a table',
  )
  refuse(
    contract.on && isChange(contract.on) && contract.tenancy === true,
    '`tenancy` asks for the tenant of a caller, and a change of a table has no caller; leave it out',
  )
  refuse(
    ![undefined, true].includes(contract.tenancy),
    '`tenancy` can only be true; leave it out where any event may come',
  )
  if (contract.rate) checkRate('rate', contract.rate, refuse)
  checkRetry(contract.retry, refuse)
  if (contract.batch) checkBatch(contract.batch, contract, refuse)
}

/** A minute: whoever can wait longer wants a schedule. */
const MAX_WITHIN_MS = 60_000

function checkBatch(batch: Batch, { rate, retry }: SubscriberShape, refuse: Refuse) {
  checkKeys(batch, ['size', 'withinMs'], refuse)
  const { size, withinMs = 0 } = batch
  refuse(
    !(Number.isInteger(size) && size >= 2 && size <= MAX_BATCH_SIZE),
    `batch.size must be whole, and 2 to ${MAX_BATCH_SIZE}; leave \`batch\` out for one event at a time`,
  )
  refuse(
    !(Number.isInteger(withinMs) && withinMs >= 0 && withinMs <= MAX_WITHIN_MS),
    `batch.withinMs must be whole, and 0 to ${MAX_WITHIN_MS}`,
  )
  refuse(
    retry?.attempts === 1,
    'with `batch`, retry.attempts must be 2 or more: the last one is alone, so that no event dies of another one’s fault',
  )
  refuse(
    rate !== undefined && (rate.burst ?? rate.requests) < size,
    '`rate` counts events, and fewer than batch.size may come at once: raise rate.burst, or lower batch.size',
  )
}

/** Refuses attempts and delays that contradict each other. */
export function checkRetry(retry: Retry = {}, refuse: Refuse) {
  checkKeys(retry, ['attempts', 'minDelayMs', 'maxDelayMs'], refuse)
  const { attempts = 1, minDelayMs = 1, maxDelayMs = Math.max(minDelayMs, 1) } = retry
  refuse(!(Number.isInteger(attempts) && attempts >= 1 && attempts <= 100), 'retry.attempts must be 1 to 100')
  refuse(minDelayMs < 1 || maxDelayMs < minDelayMs, 'retry.minDelayMs must be at least 1 and no more than maxDelayMs')
}
