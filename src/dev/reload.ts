import { mkdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { OPTIONAL_SOURCES, replacePointer } from '../build/index.ts'
import type { ContractSet } from '../contract/index.ts'
import { findFunctions } from '../deploy/index.ts'
import { type Contracts, type ContractsLocation, explainBuildError, readContracts } from './contracts.ts'
import type { Functions } from './functions.ts'
import type { Report } from './report.ts'
import { type DependencyWatcher, watchedFolders } from './watch-dependencies.ts'

interface ReloadOptions extends ContractsLocation {
  readonly contracts: Contracts
  readonly functions: Functions
  readonly report: Report
  /** Watches sources of bundles outside the watched folders. */
  readonly dependencies: DependencyWatcher
  /** Resolves when gateway and relay serve this bundle of contracts, or after a time limit. */
  readonly contractsServed: (file: string) => Promise<void>
  /** Called with the names of the functions after each reload. */
  readonly onReloaded: (names: readonly string[]) => Promise<void>
}

/** An editor writes a file in several steps. */
const SETTLE_MS = 15
/** How long a request waits at most for a save that came before it. */
const HOLD_MS = 10_000
const NOT_A_SOURCE = /\.test\.ts$|~$|\.sw.$/

/**
 * Watches the sources and applies each save: functions first, then the contracts for gateway and relay, so that no request is
 * routed to a function that is not there yet. What a save breaks is reported and stays as it was; the rest is applied.
 */
export function watchSources(options: ReloadOptions) {
  const { project, bundles, pointer, contracts, functions, report, dependencies, contractsServed, onReloaded } = options
  const optional = new Set(OPTIONAL_SOURCES.map((file) => join(project, file)))
  let serving = contracts
  let changed = new Set<string>()
  /** Files of a failed round, which were not applied. */
  let unapplied: ReadonlySet<string> = new Set()
  let closed = false
  let working: Promise<void> | undefined
  reportErrors(contracts.errors, {})

  function reportErrors(now: Contracts['errors'], before: Contracts['errors']) {
    const fresh = Object.entries(now).flatMap(([name, error]) => (before[name] === error ? [] : [error]))
    for (const message of new Set(fresh)) report({ event: 'fault', part: 'contracts', message })
  }

  const apply = async (saved: ReadonlySet<string>) => {
    const files = saved.union(unapplied)
    const startedAt = performance.now()
    const { bundle, set, names, errors } = serving
    try {
      const found = await findFunctions(project)
      const known = [...new Set([...names, ...Object.keys(errors)])].sort()
      const touched =
        found.join() !== known.join() || [...files].some((file) => bundle.inputs.has(file) || optional.has(file))
      const isBroken = Object.keys(errors).length > 0
      const next = touched || isBroken ? await readContracts({ project, bundles, pointer }, serving) : serving
      dependencies.add(next.bundle.inputs)
      reportErrors(next.errors, errors)
      const updated = await functions.update({ ...next, isSave: true, isChanged: (file) => files.has(file) })
      if (next.bundle.revision !== bundle.revision) {
        await replacePointer(pointer, next.bundle)
        await contractsServed(next.bundle.file)
      }
      functions.prune(next.set)
      serving = next
      unapplied = new Set()
      await onReloaded(next.names)
      const repaired = Object.keys(errors).filter((name) => !(name in next.errors) && next.names.includes(name))
      const removed = names.filter((name) => !next.names.includes(name))
      const tookMs = Math.round(performance.now() - startedAt)
      const reloaded = [...new Set([...updated, ...findChangedProxies(next.set, set), ...repaired])]
      if (reloaded.length + removed.length > 0) report({ event: 'reload', functions: reloaded, removed, tookMs })
    } catch (error) {
      unapplied = files
      report({ event: 'fault', part: 'contracts', message: explainBuildError(error) })
    }
  }

  const applyAll = async () => {
    while (changed.size > 0 && !closed) {
      await delay(SETTLE_MS)
      const files = changed
      changed = new Set()
      await apply(files)
    }
    working = undefined
  }
  const onSave = (file: string) => {
    changed.add(file)
    working ??= applyAll()
  }

  const watchFolder = (folder: string) => {
    const path = join(project, folder)
    mkdirSync(path, { recursive: true })
    return watch(path, { recursive: true }, (_event, file) => {
      if (file !== null && !NOT_A_SOURCE.test(file)) onSave(join(path, file))
    })
  }
  dependencies.add(contracts.bundle.inputs)
  dependencies.onChange(onSave)
  const watchers = new Map(watchedFolders(project).map((folder) => [folder, watchFolder(folder)]))
  // A watcher loses a folder that is removed as a whole (by a git checkout, say); if it comes back, it needs a new one.
  const rootWatcher = watch(project, (_event, folder) => {
    const gone = folder === null ? undefined : watchers.get(folder)
    if (!gone || folder === null || closed) return
    gone.close()
    watchers.set(folder, watchFolder(folder))
    onSave(join(project, folder))
  })
  return {
    current: () => serving.set,
    /** Why the current contract of a function cannot be used, by function. */
    broken: () => serving.errors,
    names: () => serving.names,
    /** Resolves when every save so far is applied, or after 10 s. */
    settled: async () => {
      if (working) await Promise.race([working, delay(HOLD_MS, undefined, { ref: false })])
    },
    close: async () => {
      closed = true
      rootWatcher.close()
      for (const watcher of watchers.values()) watcher.close()
      await working
    },
  }
}

/** The proxies that are new or changed: no function of theirs is built. */
function findChangedProxies(now: ContractSet, before: ContractSet): readonly string[] {
  const known = new Set(before.routes.map((route) => JSON.stringify(route)))
  return now.routes.flatMap((route) => (route.upstream && !known.has(JSON.stringify(route)) ? [route.name] : []))
}
