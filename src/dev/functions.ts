import { createCodeCaches } from '../build/code-caches.ts'
import { type Bundle, bundleFunction } from '../build/index.ts'
import type { ContractSet, Route, Subscription } from '../contract/index.ts'
import { importContract } from '../deploy/import-sources.ts'
import type { Config } from '../kernel/index.ts'
import type { FunctionStatus } from '../protocol/index.ts'
import type { ChildEnv } from './child-env.ts'
import { explainBuildError } from './contracts.ts'
import type { DataDir } from './data-dir.ts'
import { createFunctionPool, type FunctionPool } from './function-pool.ts'
import { startFunction } from './function-process.ts'
import { eager, type Lazy, lazy } from './lazy.ts'
import type { Report } from './report.ts'

export interface FunctionsOptions {
  readonly root: string
  readonly dataDir: DataDir
  readonly config: Config
  readonly env: ChildEnv
  readonly report: Report
  /** Told of which files each bundle was made. */
  readonly onBundled: (inputs: ReadonlySet<string>) => void
}

export interface Functions {
  /** The pool that serves a function now. */
  pool(name: string): FunctionPool | undefined
  statuses(): readonly FunctionStatus[]
  /**
   * Takes in what has changed; answers the names of the functions that are new or changed. What is broken stays as it was,
   * as does each whose contract is at fault: a bundle does not check it again.
   */
  update(changes: Changes): Promise<readonly string[]>
  /** Bundles what nobody has called yet, so that a first call waits for its process only. */
  prepare(): Promise<void>
  /** Ends those that the set does not have any more. */
  prune(set: ContractSet): void
  stop(): Promise<void>
}

interface Changes {
  readonly set: ContractSet
  readonly isChanged: (file: string) => boolean
  /** Whether it is a save: a new function that does not build is told at once then, and not with its first call. */
  readonly isSave: boolean
  /** What is wrong with the contracts that are not in the set as they are now, by function. */
  readonly errors: Readonly<Record<string, string>>
}

interface RunningFunction {
  readonly described: string
  readonly bundle: Lazy<Bundle>
  readonly pool: FunctionPool
  /** What its predecessors have counted. */
  readonly before: Pick<FunctionStatus, 'coldStarts' | 'requests'>
}

/** From its deadline on, a request in flight has this long to be answered before SIGKILL. */
const DRAIN_SLACK_MS = 5_000

/** The functions of this laptop by name, each with the pool of its newest good bundle. */
export function createFunctions({ root, dataDir, config, env, report, onBundled }: FunctionsOptions): Functions {
  const running = new Map<string, RunningFunction>()
  const retiring = new Set<Promise<void>>()
  /** Those whose newest sources are not what serves, and why. */
  const broken = new Map<string, string>()
  let atFault: Changes['errors'] = {}
  let stopping = false

  const codeCaches = createCodeCaches({
    contractOf: (name) => importContract(root, name),
    onFailure: (part, error) => report({ event: 'log', part, message: `no code cache: ${(error as Error).message}` }),
  })
  const bundleOf = async (name: string) => {
    const fault = atFault[name]
    if (fault !== undefined) throw new Error(fault)
    const bundle = await bundleFunction(root, name, dataDir.bundles)
    onBundled(bundle.inputs)
    return bundle
  }

  function open({ name, scale, timeoutMs, secrets }: Route | Subscription, bundle: Lazy<Bundle>): FunctionPool {
    const launch = async () => {
      const { file, revision } = await bundle.get()
      codeCaches.enqueue(name, file)
      return startFunction(file, {
        ...{ name, report, runFolder: dataDir.run, startLimitMs: config.EBB_START_TIMEOUT_MS },
        env: { ...env.function(secrets), EBB_REVISION: revision },
        drainMs: timeoutMs + DRAIN_SLACK_MS,
      })
    }
    return createFunctionPool({ name, scale, idleMs: config.EBB_IDLE_MS, launch, report })
  }

  const complain = (part: string, fault: unknown) => report({ event: 'fault', part, message: explainBuildError(fault) })

  /** Puts a new bundle or contract in the place of the one that serves, once it has shown that it starts. */
  async function replace(described: Route | Subscription, old: RunningFunction): Promise<boolean> {
    const { name } = described
    try {
      const bundle = await bundleOf(name)
      const same = (await old.bundle.made()?.catch(() => undefined))?.revision === bundle.revision
      if (same && old.described === JSON.stringify(described)) {
        broken.delete(name)
        return false
      }
      const fresh = eager(bundle)
      const pool = open(described, fresh)
      if (old.pool.status().instances > 0) await pool.warm()
      const { coldStarts, requests } = statusOf(old)
      running.set(name, {
        ...{ described: JSON.stringify(described), bundle: fresh, pool },
        before: { coldStarts, requests },
      })
      retire(old.pool)
      broken.delete(name)
      return true
    } catch (fault) {
      tellBroken(name, fault)
      return false
    }
  }

  function tellBroken(name: string, fault: unknown) {
    const why = explainBuildError(fault)
    if (broken.get(name) !== why) report({ event: 'fault', part: name, message: why })
    broken.set(name, why)
  }

  async function doesBuild(name: string, bundle: Lazy<Bundle>): Promise<boolean> {
    try {
      await bundle.get()
      return true
    } catch (fault) {
      tellBroken(name, fault)
      return false
    }
  }

  /** Answers its bundle, which is made when it is asked for. */
  function add(described: Route | Subscription): Lazy<Bundle> {
    const { name } = described
    const bundle = lazy(() => bundleOf(name))
    const pool = open(described, bundle)
    running.set(name, { described: JSON.stringify(described), bundle, pool, before: { coldStarts: 0, requests: 0 } })
    return bundle
  }

  function retire(pool: FunctionPool) {
    const ending = pool.retire().finally(() => retiring.delete(ending))
    retiring.add(ending)
  }

  return {
    pool: (name) => running.get(name)?.pool,
    statuses: () => [...running.values()].map(statusOf),
    update: async ({ set: { routes, subscriptions }, isChanged, isSave, errors }) => {
      atFault = errors
      for (const [name, fault] of Object.entries(errors)) broken.set(name, fault)
      const changed = [...routes, ...subscriptions].map(async (described) => {
        const { name } = described
        const old = running.get(name)
        if (!old) {
          const bundle = add(described)
          return isSave && !(await doesBuild(name, bundle)) ? [] : [name]
        }
        if (name in errors) return []
        const isDue = broken.has(name) || (await isStale(old, described, isChanged))
        return isDue && (await replace(described, old)) ? [name] : []
      })
      return (await Promise.all(changed)).flat()
    },
    prepare: async () => {
      for (const [name, { bundle }] of running) {
        if (stopping) return
        await bundle.get().catch((fault) => complain(name, fault))
      }
    },
    prune: ({ routes, subscriptions }) => {
      const names = new Set([...routes, ...subscriptions].map(({ name }) => name))
      for (const [name, { pool }] of running) {
        if (names.has(name)) continue
        running.delete(name)
        retire(pool)
      }
    },
    stop: async () => {
      stopping = true
      await codeCaches.stop()
      await Promise.all([...running.values()].map(({ pool }) => pool.stop()))
      await Promise.all(retiring)
    },
  }
}

function statusOf({ pool, before }: RunningFunction): FunctionStatus {
  const { name, instances, coldStarts, requests } = pool.status()
  return { name, instances, coldStarts: before.coldStarts + coldStarts, requests: before.requests + requests }
}

/** What was not bundled yet will be, from what is there then; of what did not compile any change may be the remedy. */
async function isStale(
  { bundle, described }: RunningFunction,
  now: Route | Subscription,
  isChanged: (file: string) => boolean,
) {
  if (described !== JSON.stringify(now)) return true
  const made = bundle.made()
  if (!made) return false
  const inputs = (await made.catch(() => undefined))?.inputs
  return !inputs || [...inputs].some(isChanged)
}
