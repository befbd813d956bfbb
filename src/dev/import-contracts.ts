import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyContract, ContractFault, patternsOf } from '../contract/index.ts'
import { checkPatterns, findFunctions } from '../deploy/index.ts'
import { ConfigFault } from '../kernel/index.ts'

type ByFolder<Value> = Readonly<Record<string, Value>>

/**
 * The contracts of a checkout by the folders that hold them, with their schemas: what no bundle carries out of itself. Throws
 * one ConfigFault with a line for each that does not load.
 */
export async function importContracts(root: string): Promise<ByFolder<AnyContract>> {
  const { contracts, faults } = await tryContracts(root)
  const lines = Object.values(faults)
  if (lines.length > 0) throw new ConfigFault(lines.join('\n'))
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
      faults[name] = whyNot(name, fault)
    }
  }
  return { contracts, faults }
}

/** One function's contract, as it was when it was first imported here. */
export async function importContract(root: string, name: string): Promise<AnyContract> {
  const file = pathToFileURL(join(root, 'functions', name, 'contract.ts')).href
  const { default: contract }: { default?: AnyContract } = await import(file)
  if (contract?.kind !== 'endpoint' && contract?.kind !== 'subscriber') {
    throw new ContractFault(name, 'its default export must be an endpoint() or a subscriber()')
  }
  return contract
}

/** A contract's fault names its file; what is wrong with a file does not. */
function whyNot(name: string, fault: unknown): string {
  const message = fault instanceof Error ? fault.message : String(fault)
  return fault instanceof ContractFault ? message : `functions/${name}/contract.ts: ${message}`
}
