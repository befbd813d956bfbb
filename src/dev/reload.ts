import { watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findFunctions, pointTo } from '../deploy/index.ts'
import { type Contracts, type ContractsPlace, readContracts } from './contracts.ts'
import { explainBuild } from './explain-build.ts'
import type { Functions } from './functions.ts'
import type { Report } from './report.ts'

export interface ReloadOptions extends ContractsPlace {
  readonly contracts: Contracts
  readonly functions: Functions
  readonly report: Report
}

/** An editor writes a file in several steps. */
const SETTLE_MS = 15

/**
 * Watches the sources and takes in each save: functions first, then the contracts for gateway and relay, so that nothing
 * is routed to where nobody is yet. A save that is broken is told, and what served before goes on.
 */
export function watchSources({ root, bundles, pointer, contracts, functions, report }: ReloadOptions) {
  let serving = contracts
  let changed = new Set<string>()
  let closed = false
  let working: Promise<void> | undefined
  let broken = false

  const take = async (files: ReadonlySet<string>) => {
    const startedAt = performance.now()
    try {
      const names = await findFunctions(root)
      const touched =
        names.join() !== serving.names.join() || [...files].some((file) => serving.bundle.inputs.has(file))
      const next = touched || broken ? await readContracts({ root, bundles, pointer }) : serving
      broken = false
      const updated = await functions.update(next.set, (file) => files.has(file))
      if (next.bundle.revision !== serving.bundle.revision) await pointTo(pointer, next.bundle)
      functions.prune(next.set)
      const gone = serving.names.filter((name) => !next.names.includes(name))
      serving = next
      const tookMs = Math.round(performance.now() - startedAt)
      if (updated.length + gone.length > 0) report({ event: 'reload', functions: updated, removed: gone, tookMs })
    } catch (fault) {
      broken = true
      report({ event: 'fault', part: 'contracts', message: explainBuild(fault) })
    }
  }

  const work = async () => {
    while (changed.size > 0 && !closed) {
      await delay(SETTLE_MS)
      const files = changed
      changed = new Set()
      await take(files)
    }
    working = undefined
  }

  const watchers = ['functions', 'domain', 'src'].map((folder) =>
    watch(join(root, folder), { recursive: true }, (_event, file) => {
      if (file === null || /\.test\.ts$|~$|\.sw.$/.test(file)) return
      changed.add(join(root, folder, file))
      working ??= work()
    }),
  )
  return {
    current: () => serving.set,
    close: async () => {
      closed = true
      for (const watcher of watchers) watcher.close()
      await working
    },
  }
}
