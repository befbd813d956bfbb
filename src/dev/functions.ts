import { rolesInPolicy } from '../build/build-in-policy.ts'
import { createCodeCaches } from '../build/code-caches.ts'
import { bundleFunction } from '../build/index.ts'
import { type ContractSet, functionsOf } from '../contract/index.ts'
import { importCallees, importFunction } from '../deploy/import-sources.ts'
import type { Config } from '../kernel/index.ts'
import type { FunctionStatus } from '../protocol/index.ts'
import type { ChildEnv } from './child-env.ts'
import { explainBuildError } from './contracts.ts'
import type { DataDir } from './data-dir.ts'
import { builtBundle, type FunctionBundle, lazyBundle } from './function-bundle.ts'
import { createFunctionPool, type FunctionPool } from './function-pool.ts'
import { startFunction } from './function-process.ts'
import type { KeptBundles } from './kept-bundles.ts'
import type { LogStore } from './log/log-store.ts'
import type { Report } from './report.ts'

type Described = ReturnType<typeof functionsOf>[number]

interface FunctionsOptions {
  readonly project: string
  readonly dataDir: DataDir
  readonly kept: Pick<KeptBundles, 'find' | 'keep'>
  readonly config: Config
  readonly env: ChildEnv
  readonly report: Report
  /** Keeps the lines that they log. */
  readonly log: Pick<LogStore, 'add'>
  /** Called with the source files of each bundle. */
  readonly onBundled: (inputs: ReadonlySet<string>) => void
}

/** The functions that `ebb dev` serves, each with its pool of instances. */
export interface Functions {
  /** The pool that currently serves a function. */
  pool(name: string): FunctionPool | undefined
  statuses(): readonly FunctionStatus[]
  /**
   * Applies changes and returns the names of the functions that are new or changed. A broken function stays as it was, and so
   * does one whose contract is broken: a bundle does not check the contract again.
   */
  update(changes: Changes): Promise<readonly string[]>
  /** Bundles the functions that were not called yet, so that a first call only waits for its process. */
  prepare(): Promise<void>
  /** Stops the functions that are no longer in the set. */
  prune(set: ContractSet): void
  stop(): Promise<void>
}

interface Changes {
  readonly set: ContractSet
  readonly isChanged: (file: string) => boolean
  /** Whether a save caused it: a new function that does not build is reported at once then, not on its first call. */
  readonly isSave: boolean
  /** The errors of contracts whose current version is not in the set, by function. */
  readonly errors: Readonly<Record<string, string>>
}

interface RunningFunction {
  readonly described: string
  readonly bundle: FunctionBundle
  readonly pool: FunctionPool
  /** The counts of its predecessors. */
  readonly before: Pick<FunctionStatus, 'coldStarts' | 'requests'>
}

const keptName = (name: string) => `function-${name}`

/** How long after its deadline a request in flight may still be answered before SIGKILL. */
const DRAIN_SLACK_MS = 5_000

/** The functions of this laptop by name, each with the pool of its newest working bundle. */
export function createFunctions({
  project,
  dataDir,
  kept,
  config,
  env,
  report,
  log,
  onBundled,
}: FunctionsOptions): Functions {
  const running = new Map<string, RunningFunction>()
  const retiring = new Set<Promise<void>>()
  /** Functions whose newest sources are not served, and why. */
  const broken = new Map<string, string>()
  let contractErrors: Changes['errors'] = {}
  let stopping = false

  const codeCaches = createCodeCaches({
    contractOf: (name) => importFunction(project, name),
    calleesOf: (contract) => importCallees(project, contract),
    roles: () => rolesInPolicy(project),
    onFailure: (part, error) => report({ event: 'log', part, message: `no code cache: ${(error as Error).message}` }),
  })
  const bundleOf = async (name: string) => {
    const error = contractErrors[name]
    if (error !== undefined) throw new Error(error)
    const startedAt = Date.now()
    const bundle = await bundleFunction(project, name, dataDir.bundles)
    onBundled(bundle.inputs)
    const files = [bundle.file, ...Object.values(bundle.parts).map(({ file }) => file)]
    kept.keep(keptName(name), { bundle, files, startedAt })
    return bundle
  }

  function open({ name, scale, timeoutMs, secrets, calls }: Described, bundle: FunctionBundle): FunctionPool {
    const launch = async () => {
      const { file, revision } = await bundle.get()
      codeCaches.enqueue(name, file)
      return startFunction(file, {
        ...{ name, report, runFolder: dataDir.run, startLimitMs: config.EBB_START_TIMEOUT_MS },
        env: { ...env.function({ secrets, ...(calls && { calls }) }), EBB_REVISION: revision },
        drainMs: timeoutMs + DRAIN_SLACK_MS,
        onLine: (line) => log.add(name, line),
      })
    }
    return createFunctionPool({ name, scale, idleMs: config.EBB_IDLE_MS, launch, report })
  }

  /** Replaces the bundle or contract that is served, once the new one has started. */
  async function replace(described: Described, old: RunningFunction): Promise<boolean> {
    const { name } = described
    try {
      const bundle = await bundleOf(name)
      const isSame = (await old.bundle.revision()) === bundle.revision
      if (isSame && old.described === JSON.stringify(described)) {
        broken.delete(name)
        return false
      }
      const fresh = builtBundle(bundle)
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
    } catch (error) {
      reportBroken(name, error)
      return false
    }
  }

  function reportBroken(name: string, error: unknown) {
    const message = explainBuildError(error)
    if (broken.get(name) !== message) report({ event: 'fault', part: name, message })
    broken.set(name, message)
  }

  async function builds(name: string, bundle: FunctionBundle): Promise<boolean> {
    try {
      await bundle.get()
      return true
    } catch (error) {
      reportBroken(name, error)
      return false
    }
  }

  /** Adds a function and returns its bundle, which is that of the last run where nothing has changed, or is built on first use. */
  function add(described: Described): FunctionBundle {
    const { name } = described
    const last = kept.find(keptName(name))
    if (last) onBundled(last.inputs)
    const bundle = last ? builtBundle(last) : lazyBundle(() => bundleOf(name))
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
    update: async ({ set, isChanged, isSave, errors }) => {
      contractErrors = errors
      for (const [name, error] of Object.entries(errors)) broken.set(name, error)
      const changed = functionsOf(set).map(async (described) => {
        const { name } = described
        const old = running.get(name)
        if (!old) {
          const bundle = add(described)
          return isSave && !(await builds(name, bundle)) ? [] : [name]
        }
        if (name in errors) return []
        const isDue =
          broken.has(name) || old.described !== JSON.stringify(described) || (await old.bundle.isStale(isChanged))
        return isDue && (await replace(described, old)) ? [name] : []
      })
      return (await Promise.all(changed)).flat()
    },
    prepare: async () => {
      for (const [name, { bundle }] of running) {
        if (stopping) return
        await bundle.get().catch((error) => report({ event: 'fault', part: name, message: explainBuildError(error) }))
      }
    },
    prune: (set) => {
      const names = new Set(functionsOf(set).map(({ name }) => name))
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
