import { checkEmits, checkFailures, checkKeys, checkName, createRefuse, type Refuse } from './check-common.ts'
import { checkDeployment, DEPLOYMENT_KEYS } from './check-deployment.ts'
import { checkRate } from './check-rate.ts'
import type { Retry, SubscriberShape } from './subscriber-shape.ts'

const KEYS = [
  'name',
  'summary',
  'description',
  'on',
  'retry',
  'rate',
  'tenancy',
  'emits',
  'failures',
  ...DEPLOYMENT_KEYS,
]

/** Throws a ContractError at the first contradiction. */
export function checkSubscriber(contract: SubscriberShape) {
  const refuse = createRefuse(contract.name)
  checkName(contract.name, refuse)
  checkKeys(contract, KEYS, refuse)
  checkDeployment(contract, refuse)
  checkFailures(contract.failures, refuse)
  checkEmits(contract.emits, refuse)
  refuse(!contract.summary, 'say in `summary` what it does, in one sentence')
  refuse(contract.on?.kind !== 'event', '`on` must be an event(): declare it under domain/ and name it here')
  refuse(
    ![undefined, true].includes(contract.tenancy),
    '`tenancy` can only be true; leave it out where any event may come',
  )
  if (contract.rate) checkRate('rate', contract.rate, refuse)
  checkRetry(contract.retry, refuse)
}

/** Refuses attempts and delays that contradict each other. */
export function checkRetry(retry: Retry = {}, refuse: Refuse) {
  checkKeys(retry, ['attempts', 'minDelayMs', 'maxDelayMs'], refuse)
  const { attempts = 1, minDelayMs = 1, maxDelayMs = Math.max(minDelayMs, 1) } = retry
  refuse(!(Number.isInteger(attempts) && attempts >= 1 && attempts <= 100), 'retry.attempts must be 1 to 100')
  refuse(minDelayMs < 1 || maxDelayMs < minDelayMs, 'retry.minDelayMs must be at least 1 and no more than maxDelayMs')
}
