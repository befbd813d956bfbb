import { compareWithRef } from '../deploy/contracts-diff/compare-trees.ts'
import type { ContractDifferences } from '../protocol/admin/contracts.ts'
import type { Contracts } from './contracts.ts'

/** What the contracts of the working tree change compared with a commit, and which of them do not load. Throws a ConfigError where git knows no such commit. */
export async function findDifferences(
  project: string,
  ref: string,
  broken: Contracts['errors'],
): Promise<ContractDifferences> {
  const errors = Object.entries(broken).map(([name, message]) => ({ function: name, message }))
  // What does not load cannot be compared.
  const found = errors.length > 0 ? [] : await compareWithRef(project, ref)
  const findings = found.map(({ whom = null, announced = null, ...finding }) => ({ ...finding, whom, announced }))
  return { ref, findings, broken: errors }
}
