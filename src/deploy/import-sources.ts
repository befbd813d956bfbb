import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type AnyContract,
  ContractError,
  callsOf,
  describeSubscriber,
  type EndpointContract,
  type FunctionContract,
  isFunction,
  isReceiver,
  type Plan,
  type PriceSheet,
  patternsOf,
  requireContract,
} from '../contract/index.ts'
import { ConfigError, type Resource, STORES, type Store } from '../kernel/index.ts'
import { checkPatterns, checkSchedules, findFunctions } from './index.ts'

type ByFolder<Value> = Readonly<Record<string, Value>>

/**
 * Imports the contracts of a project, by folder, with their schemas, which no bundle of contracts exports. Throws one
 * ConfigError with a line for each contract that does not load.
 */
export async function importContracts(project: string): Promise<ByFolder<AnyContract>> {
  const { contracts, errors } = await tryContracts(project)
  const lines = Object.values(errors)
  if (lines.length > 0) throw new ConfigError(lines.join('\n'))
  checkSchedules(Object.values(contracts).filter(isReceiver).map(describeSubscriber))
  await checkPatterns(patternsOf(Object.values(contracts)))
  return contracts
}

/** The contracts that load, and why the others do not. */
export async function tryContracts(
  project: string,
): Promise<{ readonly contracts: ByFolder<AnyContract>; readonly errors: ByFolder<string> }> {
  const contracts: Record<string, AnyContract> = {}
  const errors: Record<string, string> = {}
  // One after the other, so that the order is stable.
  for (const name of await findFunctions(project)) {
    try {
      contracts[name] = await importContract(project, name)
    } catch (error) {
      errors[name] = describeLoadError(name, error)
    }
  }
  return { contracts, errors }
}

/** Imports the contract of one function, as it was when this process first imported it. */
export async function importContract(project: string, name: string): Promise<AnyContract> {
  const file = pathToFileURL(join(project, 'functions', name, 'contract.ts')).href
  const { default: contract }: { default?: AnyContract } = await import(file)
  return requireContract(name, contract)
}

/** The same of what has a handler. Rejects with a ConfigError where it is a proxy. */
export async function importFunction(project: string, name: string): Promise<FunctionContract> {
  const contract = await importContract(project, name)
  if (isFunction(contract)) return contract
  throw new ConfigError(`${name} is a proxy: it has no handler, and the gateway passes its requests on`)
}

/** The contracts of the endpoints that a function calls. */
export async function importCallees(project: string, contract: FunctionContract): Promise<readonly EndpointContract[]> {
  const called = await Promise.all(callsOf(contract).map((name) => importContract(project, name)))
  return called.filter((callee) => callee.kind === 'endpoint')
}

/** A ContractError names its file; other errors do not. */
function describeLoadError(name: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof ContractError ? message : `functions/${name}/contract.ts: ${message}`
}

/** The stores of each of these functions, as declared by the resources that its handler uses. */
export async function importUses(
  project: string,
  names: readonly string[],
): Promise<Readonly<Record<string, readonly Store[]>>> {
  const read = async (name: string) => [name, await readStores(project, name)] as const
  return Object.fromEntries(await Promise.all(names.map(read)))
}

async function readStores(project: string, name: string): Promise<readonly Store[]> {
  const file = pathToFileURL(join(project, 'functions', name, 'handler.ts')).href
  const { default: handler }: { default: { readonly uses: Readonly<Record<string, Resource<unknown>>> } } =
    await import(file)
  const used = new Set(Object.values(handler.uses).flatMap(({ stores }) => stores))
  return STORES.filter((store) => used.has(store))
}

/** Scopes by role. */
export type Roles = Readonly<Record<string, readonly string[]>>

/** Imports the team's roles from domain/roles.ts; none where there is no such file. */
export async function readRoles(project: string): Promise<Roles> {
  const file = join(project, 'domain/roles.ts')
  if (!existsSync(file)) return {}
  const { roles }: { roles: Roles } = await import(pathToFileURL(file).href)
  return roles
}

/** Imports the team's plans from domain/plans.ts; none where there is no such file. */
export async function readPlans(project: string): Promise<Readonly<Record<string, Plan>>> {
  const file = join(project, 'domain/plans.ts')
  if (!existsSync(file)) return {}
  const { plans }: { plans: Readonly<Record<string, Plan>> } = await import(pathToFileURL(file).href)
  return plans
}

/** Imports the operator's prices from domain/prices.ts; undefined where there is no such file. */
export async function readPrices(project: string): Promise<PriceSheet | undefined> {
  const file = join(project, 'domain/prices.ts')
  if (!existsSync(file)) return undefined
  const { prices }: { prices: PriceSheet } = await import(pathToFileURL(file).href)
  return prices
}
