import { describeDeployment, sizeOf } from '../contract/index.ts'
import type { Config, InstanceAccount, Log } from '../kernel/index.ts'
import type { Contract } from './implement.ts'
import type { OpenedResources } from './resources.ts'

/** Seldom enough to cost nothing, and often enough that a process that is killed loses little of its account. */
const INTERVAL_MS = 10_000

interface UseOptions {
  readonly resources: Pick<OpenedResources, 'recordUse'>
  readonly config: Pick<Config, 'EBB_RESERVED_CPU' | 'EBB_RESERVED_MEMORY'>
  readonly log: Pick<Log, 'debug'>
}

/**
 * Records now and then, and at the end, how this process has used its time. It keeps no process running, and no request waits for
 * it. Nothing is recorded of a function without a database.
 */
export function recordUse(
  contract: Contract,
  account: Pick<InstanceAccount, 'read'>,
  { resources, config, log }: UseOptions,
) {
  const { requests } = describeDeployment(contract).resources
  const { EBB_RESERVED_CPU: cpu = requests.cpu, EBB_RESERVED_MEMORY: memory = requests.memory } = config
  const instance = { name: contract.name, ...sizeOf({ cpu, memory }) }
  let last = Promise.resolve()
  const record = (restMs = 0) => {
    last = last
      .then(() => {
        const use = account.read()
        return resources.recordUse?.(instance, { ...use, idle: use.idle + restMs / 1_000 })
      })
      .catch((error: unknown) => log.debug({ err: error }, 'what this process has used could not be recorded'))
    return last
  }
  const timer = setInterval(() => record(), INTERVAL_MS).unref()
  return {
    /** What comes after the last word takes about as long as the one before it, twice: that word itself, and the end of its connection. */
    close: async () => {
      clearInterval(timer)
      const beganAt = performance.now()
      await record()
      await record(2 * (performance.now() - beganAt))
    },
  }
}
