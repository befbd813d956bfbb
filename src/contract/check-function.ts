import { checkCalls } from './check-calls.ts'
import { checkEmits, checkFailures, checkKeys, checkName, createRefuse, type Refuse } from './check-common.ts'
import { checkDeployment, DEPLOYMENT_KEYS } from './check-deployment.ts'
import type { Deployment } from './deployment-shape.ts'
import type { Emits } from './event-shape.ts'
import type { Failures } from './failures.ts'

/** What the contracts of functions have in common; which of it a kind of function may have, its keys say. */
interface FunctionShape extends Deployment {
  readonly name: string
  readonly summary: string
  readonly failures?: Failures
  readonly emits?: Emits
  readonly calls?: readonly string[]
}

/** Checks what all functions have in common, and that there is nothing else but `keys`. Returns by what the rest is refused. */
export function checkFunction(contract: FunctionShape, keys: readonly string[], { hasCallers = false } = {}): Refuse {
  const refuse = createRefuse(contract.name)
  checkName(contract.name, refuse)
  checkKeys(contract, ['name', 'summary', 'description', ...keys, ...DEPLOYMENT_KEYS], refuse)
  checkDeployment(contract, refuse)
  checkFailures(contract.failures, refuse)
  refuse(
    !hasCallers && Object.values(contract.failures ?? {}).some((failure) => typeof failure !== 'number'),
    'its failures are for the relay, which needs their statuses alone: write `code: status`',
  )
  checkEmits(contract.emits, refuse)
  checkCalls(contract.calls, refuse)
  refuse(!contract.summary, 'say in `summary` what it does, in one sentence')
  return refuse
}
