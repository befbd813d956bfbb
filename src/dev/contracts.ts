import type { ContractSet } from '../contract/index.ts'
import { type Bundle, bundleContracts, findFunctions } from '../deploy/index.ts'
import { loadContracts } from '../kernel/index.ts'

/** The contracts that serve, and the bundle that they came in. */
export interface Contracts {
  readonly bundle: Bundle
  readonly set: ContractSet
  readonly names: readonly string[]
}

export interface ContractsPlace {
  readonly root: string
  readonly bundles: string
  /** The pointer file that gateway and relay watch. */
  readonly pointer: string
}

/** What the contracts of a checkout are now. Rejects where one does not compile or contradicts itself. */
export async function readContracts({ root, bundles }: ContractsPlace): Promise<Contracts> {
  const names = await findFunctions(root)
  const bundle = await bundleContracts(root, bundles, { version: '1' })
  return { bundle, set: loadContracts(bundle.file), names }
}
