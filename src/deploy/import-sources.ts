import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyContract, ContractError, patternsOf, requireContract } from '../contract/index.ts'
import { ConfigError, type Resource, STORES, type Store } from '../kernel/index.ts'
import { checkPatterns, findFunctions } from './index.ts'

type ByFolder<Value> = Readonly<Record<string, Value>>

/**
 * The contracts of a checkout by the folders that hold them, with their schemas: what no bundle carries out of itself. Throws
 * one ConfigFault with a line for each that does not load.
 */
export async function importContracts(root: string): Promise<ByFolder<AnyContract>> {
  const { contracts, faults } = await tryContracts(root)
  const lines = Object.values(faults)
  if (lines.length > 0) throw new ConfigError(lines.join('\n'))
  await checkPatterns(patternsOf(Object.values(contracts)))
  return contracts
}

/** The contracts that load, and why the others do not. */
export async function tryContracts(
  root: string,
): Promise<{ readonly contracts: ByFolder<AnyContract>; readonly faults: ByFolder<string> }> {
  const contracts: Record<string, AnyContract> = {}
  const faults: Record<string, string> = {}
  // One after the other, so that they are in order.
  for (const name of await findFunctions(root)) {
    try {
      contracts[name] = await importContract(root, name)
    } catch (fault) {
      faults[name] = describeLoadError(name, fault)
    }
  }
  return { contracts, faults }
}

/** One function's contract, as it was when it was first imported here. */
export async function importContract(root: string, name: string): Promise<AnyContract> {
  const file = pathToFileURL(join(root, 'functions', name, 'contract.ts')).href
  const { default: contract }: { default?: AnyContract } = await import(file)
  return requireContract(name, contract)
}

/** A contract's fault names its file; what is wrong with a file does not. */
function describeLoadError(name: string, fault: unknown): string {
  const message = fault instanceof Error ? fault.message : String(fault)
  return fault instanceof ContractError ? message : `functions/${name}/contract.ts: ${message}`
}

/** The stores of each of these functions, as the resources that their handlers use name them. */
export async function importUses(
  root: string,
  names: readonly string[],
): Promise<Readonly<Record<string, readonly Store[]>>> {
  const read = async (name: string) => [name, await readStores(root, name)] as const
  return Object.fromEntries(await Promise.all(names.map(read)))
}

async function readStores(root: string, name: string): Promise<readonly Store[]> {
  const file = pathToFileURL(join(root, 'functions', name, 'handler.ts')).href
  const { default: handler }: { default: { readonly uses: Readonly<Record<string, Resource<unknown>>> } } =
    await import(file)
  const used = new Set(Object.values(handler.uses).flatMap(({ stores }) => stores))
  return STORES.filter((store) => used.has(store))
}

/** Scopes by role. */
export type Roles = Readonly<Record<string, readonly string[]>>

/** The team's roles, from domain/roles.ts. */
export async function readRoles(root: string): Promise<Roles> {
  const { roles }: { roles: Roles } = await import(pathToFileURL(join(root, 'domain/roles.ts')).href)
  return roles
}
