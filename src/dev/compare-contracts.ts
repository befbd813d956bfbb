import { diffContracts, type Finding } from '../deploy/contracts-diff/index.ts'
import { loadContracts } from '../deploy/load-contracts.ts'
import { ConfigFault } from '../kernel/index.ts'
import { checkOutRef } from './check-out-ref.ts'

/**
 * What the contracts of the working tree break against those at a git ref. Throws a ConfigFault where there is no such ref
 * or one of the two does not load.
 */
export async function compareContracts(root: string, ref: string): Promise<readonly Finding[]> {
  const { tree, remove } = await checkOutRef(root, ref)
  try {
    const before = await loadContracts(root, { tree }).catch(refusal(`at ${ref}`))
    const after = await loadContracts(root).catch(refusal('of the working tree'))
    return diffContracts(before, after)
  } finally {
    await remove()
  }
}

const refusal = (where: string) => (fault: unknown) => {
  const { message } = Object(fault) as Partial<Error>
  throw new ConfigFault(`the contracts ${where} do not load: ${message ?? fault}`)
}
