import type { ContractSet } from '../contract/index.ts'
import { type Bundle, bundleFunction } from '../deploy/index.ts'
import type { Config } from '../kernel/index.ts'
import type { ChildEnv } from './child-env.ts'
import { createFunctionPool, type FunctionPool } from './function-pool.ts'
import { startFunction } from './function-process.ts'
import type { Home } from './home.ts'
import type { Report } from './report.ts'

export interface PoolsOptions {
  readonly root: string
  readonly home: Home
  readonly config: Config
  readonly env: ChildEnv
  readonly report: Report
}

/** From its deadline on, a request in flight has this long to be answered before SIGKILL. */
const DRAIN_SLACK_MS = 5_000

/** One pool for each function of the contracts, none of them running. */
export function openPools({ routes, subscriptions }: ContractSet, { root, home, config, env, report }: PoolsOptions) {
  const bundles = new Map<string, Promise<Bundle>>()
  const bundleOf = (name: string): Promise<Bundle> => {
    const known = bundles.get(name)
    if (known) return known
    const bundle = bundleFunction(root, name, home.bundles)
    bundles.set(name, bundle)
    bundle.catch(() => bundles.delete(name))
    return bundle
  }
  const functions = [...routes, ...subscriptions]
  const byName = new Map<string, FunctionPool>()
  for (const { name, scale, timeoutMs, secrets } of functions) {
    const launch = async () => {
      const { file, revision } = await bundleOf(name)
      return startFunction(file, {
        ...{ name, report, runFolder: home.run, startLimitMs: config.EBB_START_TIMEOUT_MS },
        env: { ...env.function(secrets), EBB_REVISION: revision },
        drainMs: timeoutMs + DRAIN_SLACK_MS,
      })
    }
    byName.set(name, createFunctionPool({ name, scale, idleMs: config.EBB_IDLE_MS, launch, report }))
  }
  return {
    byName,
    /** Bundles what nobody has called yet, so that a first call waits for its process only. */
    bundleAll: () => {
      for (const { name } of functions)
        bundleOf(name).catch((fault) => report({ event: 'fault', part: name, message: fault.message }))
    },
    stop: async () => {
      await Promise.all([...byName.values()].map((pool) => pool.stop()))
    },
  }
}
