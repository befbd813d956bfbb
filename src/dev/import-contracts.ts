import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyContract, patternsOf } from '../contract/index.ts'
import { checkPatterns, findFunctions } from '../deploy/index.ts'

/** The contracts of a checkout by the folders that hold them, with their schemas: what no bundle carries out of itself. */
export async function importContracts(root: string): Promise<Readonly<Record<string, AnyContract>>> {
  const names = await findFunctions(root)
  const read = async (name: string) => [name, await importContract(root, name)] as const
  const contracts: Readonly<Record<string, AnyContract>> = Object.fromEntries(await Promise.all(names.map(read)))
  await checkPatterns(patternsOf(Object.values(contracts)))
  return contracts
}

/** One function's contract, as it was when it was first imported here. */
export async function importContract(root: string, name: string): Promise<AnyContract> {
  const file = pathToFileURL(join(root, 'functions', name, 'contract.ts')).href
  const { default: contract }: { default: AnyContract } = await import(file)
  return contract
}
