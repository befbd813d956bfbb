import { describeDeployment, sizeOf } from '../contract/index.ts'
import type { InstanceAccount, Log } from '../kernel/index.ts'
import type { Contract } from './implement.ts'
import type { OpenedResources } from './resources.ts'

/** Seldom enough to cost nothing, and often enough that a process that is killed loses little of its account. */
const INTERVAL_MS = 10_000

/**
 * Records now and then, and at the end, how this process has used its time. It keeps no process running, and no request waits for
 * it. Nothing is recorded of a function without a database.
 */
export function recordUse(
  contract: Contract,
  account: Pick<InstanceAccount, 'read'>,
  { resources, log }: { readonly resources: Pick<OpenedResources, 'recordUse'>; readonly log: Pick<Log, 'debug'> },
) {
  const instance = { name: contract.name, ...sizeOf(describeDeployment(contract).resources.requests) }
  let last = Promise.resolve()
  const record = () => {
    last = last
      .then(() => resources.recordUse?.(instance, account.read()))
      .catch((error: unknown) => log.debug({ err: error }, 'what this process has used could not be recorded'))
    return last
  }
  const timer = setInterval(record, INTERVAL_MS).unref()
  return {
    close: () => {
      clearInterval(timer)
      return record()
    },
  }
}
