import { type FSWatcher, readFileSync, unwatchFile, watch, watchFile } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'
import type { ContractSet } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'

/** For volumes that report no change. */
const POLL_MS = 5_000

export interface ContractsFile {
  current(): ContractSet
  status(): ContractsStatus
  close(): void
}

/** Which contracts a process has, and how their replacements went. */
export interface ContractsStatus {
  /** The file that the current one named; its name has the hash of its content. */
  readonly file: string
  /** RFC 3339. */
  readonly loadedAt: string
  /** How often they were replaced. */
  readonly reloads: number
  /** The last attempt, where it failed and nothing has been loaded since. */
  readonly failure: { readonly at: string; readonly file: string | null; readonly message: string } | null
}

/**
 * Opens the contracts that the current file names (`contracts-<hash>.cjs`, beside it), and reloads them when that file is
 * replaced. A new one that does not load is logged, and the last good one stays.
 */
export function openContracts(
  pointer: string,
  { log, onReload }: { log: Log; onReload?: (set: ContractSet) => void },
): ContractsFile {
  let name = readName(pointer)
  let set = loadContracts(join(dirname(pointer), name))
  let status: Omit<ContractsStatus, 'file'> = { loadedAt: now(), reloads: 0, failure: null }
  const reload = () => {
    let next: string | undefined
    try {
      next = readName(pointer)
      if (next === name) {
        status = { ...status, failure: null }
        return
      }
      set = loadContracts(join(dirname(pointer), next))
      name = next
      status = { loadedAt: now(), reloads: status.reloads + 1, failure: null }
      log.info({ contracts: name }, 'contracts reloaded')
      onReload?.(set)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      status = { ...status, failure: { at: now(), file: next ?? null, message } }
      log.error({ err: error }, 'new contracts do not load; the last good ones stay')
    }
  }
  const watcher = watchFolder(dirname(pointer), reload)
  watchFile(pointer, { interval: POLL_MS, persistent: false }, reload)
  const close = () => {
    watcher?.close()
    unwatchFile(pointer, reload)
  }
  return { current: () => set, status: () => ({ file: name, ...status }), close }
}

const now = () => new Date().toISOString()

/**
 * Undefined where the platform cannot watch: some volumes report nothing, and a node may be out of watches. In a
 * Kubernetes volume it is not the file that is renamed, but a folder that it is linked through.
 */
function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(folder, onChange).on('error', () => {})
  } catch {
    return undefined
  }
}

const readName = (pointer: string) => basename(readFileSync(pointer, 'utf8').trim())

/**
 * Loads the contracts of a bundle that `bundleContracts` built. Throws what the bundle throws, such as the
 * ContractError of a contract that contradicts itself.
 */
export function loadContracts(file: string): ContractSet {
  // A bundle that an older Ebb has built has no authorizers, no plans, no tools, no events for customers, or no AsyncAPI document.
  const {
    routes,
    subscriptions,
    authorizers = [],
    internals = [],
    openapi,
    asyncapi,
    plans = {},
    prices,
    tools = [],
    webhookEvents = [],
    endpointFields = {},
    replyChecks,
    data,
    validate,
    validateEvent,
  } = runBundle<ContractSet>(readFileSync(file, 'utf8'), file)
  if (!routes || !subscriptions || !validate || !validateEvent) throw new Error(`${file} holds no contracts`)
  const documents = { openapi, asyncapi, plans, prices, tools, webhookEvents, endpointFields, replyChecks, data }
  return { routes, subscriptions, authorizers, internals, ...documents, validate, validateEvent }
}

/** Runs a CommonJS bundle in this realm without the module cache, so that it can be collected. Returns its exports. */
export function runBundle<Exports extends object>(text: string, filename: string): Partial<Exports> {
  const module: { exports: Partial<Exports> } = { exports: {} }
  const run = compile(`(function (exports, require, module) {${text}\n})`, filename).runInThisContext()
  run(module.exports, createRequire(filename), module)
  return module.exports
}

/** V8 keeps all that it has compiled, by its text: each set of contracts would stay, which is about a mebibyte of code. */
function compile(text: string, filename: string): Script {
  setFlagsFromString('--no-compilation-cache')
  try {
    return new Script(text, { filename })
  } finally {
    setFlagsFromString('--compilation-cache')
  }
}
