import { createRequire } from 'node:module'
import { formatMessagesSync } from 'esbuild'
import { type Bundle, bundleContracts, bundleContractsSeparately } from '../build/index.ts'
import type { ContractSet } from '../contract/index.ts'
import { findFunctions } from '../deploy/index.ts'
import { loadContracts } from '../protocol/index.ts'
import type { KeptBundles } from './kept-bundles.ts'

/** The contracts that are served, and the bundle that holds them. */
export interface Contracts {
  readonly bundle: Bundle
  readonly set: ContractSet
  /** The functions that have a contract in the set. */
  readonly names: readonly string[]
  /** Why the current contract of a function cannot be used, by function. */
  readonly errors: Readonly<Record<string, string>>
  /** The bundle for which the contract of a function was last read from its sources, by function. */
  readonly origins: ReadonlyMap<string, string>
}

/** Where the bundles of contracts of `ebb dev` are, and which is the current one. */
export interface ContractsLocation {
  readonly project: string
  readonly bundles: string
  /** The current file, which gateway and relay watch. */
  readonly pointer: string
}

/** The contracts as they were bundled in the last run, where nothing has changed since; else as they are now. */
export async function readKeptContracts(location: ContractsLocation, kept: KeptBundles): Promise<Contracts> {
  const found = await findFunctions(location.project)
  const key = found.join()
  const bundle = kept.find('contracts', key)
  if (bundle) {
    const origins = new Map(found.map((name) => [name, bundle.file]))
    return { bundle, set: loadContracts(bundle.file), names: found, errors: {}, origins }
  }
  const startedAt = Date.now()
  const contracts = await readContracts(location)
  const isWhole = Object.keys(contracts.errors).length === 0
  if (isWhole) kept.keep('contracts', { bundle: contracts.bundle, key, files: [contracts.bundle.file], startedAt })
  return contracts
}

/**
 * Reads the contracts of a checkout. One that does not compile, or contradicts itself or another one, does not hold up the
 * others: it stays as it was in `last`, or is left out if it was never valid.
 */
export async function readContracts(location: ContractsLocation, last?: Contracts): Promise<Contracts> {
  const { project, bundles } = location
  const found = await findFunctions(project)
  const errors: Record<string, string> = {}
  let fresh = found
  for (;;) {
    const kept = new Map(
      found.flatMap((name) => {
        const origin = name in errors ? last?.origins.get(name) : undefined
        return origin ? [[name, origin] as const] : []
      }),
    )
    try {
      const bundle = await bundleContracts(project, bundles, { version: '1', names: fresh, kept })
      const origins = new Map([...kept, ...fresh.map((name) => [name, bundle.file] as const)])
      const names = found.filter((name) => origins.has(name))
      return { bundle, set: loadContracts(bundle.file), names, errors, origins }
    } catch (error) {
      const more = await findBroken(error, fresh, { location, last })
      Object.assign(errors, more.errors)
      fresh = more.rest
    }
  }
}

/** Splits these into the broken ones and the rest, in which new or moved ones come last; throws if none is broken. */
async function findBroken(
  cause: unknown,
  names: readonly string[],
  { location: { project, bundles }, last }: { location: ContractsLocation; last: Contracts | undefined },
) {
  const broken = findUncompiled(cause, names)
  if (broken.length > 0) return split(names, Object.fromEntries(broken.map((name) => [name, explainBuildError(cause)])))
  const { contracts, errors } = await loadSeparately(project, bundles, names)
  if (Object.keys(errors).length > 0) return split(names, errors)
  // Each is valid by itself, so two of them contradict each other, and the later one is reported.
  const hasMoved = (name: string) => routeKey(contracts[name]) !== routeKey(routeIn(last, name))
  const inOrder = [...names.filter((name) => !hasMoved(name)), ...names.filter(hasMoved)]
  if (inOrder.join() !== names.join()) return { errors: {}, rest: inOrder }
  const { functionName } = Object(cause) as { functionName?: string }
  if (functionName === undefined || !names.includes(functionName)) throw cause
  return split(names, { [functionName]: explainBuildError(cause) })
}

const split = (names: readonly string[], errors: Contracts['errors']) => ({
  errors,
  rest: names.filter((name) => !(name in errors)),
})

/** The functions in whose folders esbuild found an error; all of them if it is in a file that they share. */
function findUncompiled(error: unknown, names: readonly string[]): readonly string[] {
  const { errors = [] } = Object(error) as { errors?: readonly { location?: { file?: string } | null }[] }
  const found = errors.map(({ location }) => /^functions\/([^/]+)\//.exec(location?.file ?? '')?.[1])
  return found.includes(undefined) ? names : names.filter((name) => found.includes(name))
}

/** Loads each contract by itself, so that none is affected by another one's error. */
async function loadSeparately(project: string, bundles: string, names: readonly string[]) {
  const { file } = await bundleContractsSeparately(project, bundles, names)
  const { contracts, errors }: { contracts: Record<string, unknown>; errors: Record<string, unknown> } =
    createRequire(file)(file)
  const messages = Object.entries(errors).map(([name, error]) => [name, explainBuildError(error)] as const)
  return { contracts, errors: Object.fromEntries(messages) }
}

const routeIn = (last: Contracts | undefined, name: string) => last?.set.routes.find((route) => route.name === name)

function routeKey(contract: unknown): string | undefined {
  const { method, path } = Object(contract) as { method?: string; path?: string }
  return path && `${method} ${path}`
}

/** The error of a save as text for its author: esbuild's messages with their source lines, or a contract's own sentence. */
export function explainBuildError(error: unknown): string {
  const { errors, message } = Object(error) as { errors?: unknown; message?: unknown }
  if (Array.isArray(errors) && errors.length > 0) {
    return formatMessagesSync(errors, { kind: 'error', color: false }).join('').trim()
  }
  return String(message ?? error)
}
