import { Problem } from '../contract/index.ts'
import { type ContractDifferences, diffContracts } from './admin/contracts.ts'

/** Two trees are bundled for it. */
const TIMEOUT_MS = 30_000

/** Asks the laptop's runner what its contracts change compared with a commit. Rejects with a Problem where it cannot say. */
export async function fetchDifferences(url: string, ref: string): Promise<ContractDifferences> {
  const address = `${url}?${new URLSearchParams({ ref })}`
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause) => {
    throw new Problem('unavailable', 503, 'The runner does not answer.', { cause })
  })
  if (response.status === 422) throw new Problem('not_comparable', 422, await response.text())
  return diffContracts.reply.body.parse(await response.json())
}
