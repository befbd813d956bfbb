import { type AnyContract, ContractError, callsOf } from '../contract/index.ts'
import type { Resource } from '../kernel/index.ts'

/** Throws where a handler calls others than its contract declares, or not all that it declares. */
export function checkCallees(contract: AnyContract, uses: Readonly<Record<string, Pick<Resource<unknown>, 'calls'>>>) {
  const declared = callsOf(contract)
  const called = Object.values(uses).flatMap(({ calls = [] }) => calls)
  const undeclared = called.find((name) => !declared.includes(name))
  if (undeclared !== undefined)
    throw new ContractError(
      contract.name,
      `its handler calls ${undeclared}, which the contract does not say; add calls: ['${undeclared}'] to it`,
    )
  const unused = declared.find((name) => !called.includes(name))
  if (unused !== undefined)
    throw new ContractError(
      contract.name,
      `it says in \`calls\` that it calls ${unused}, and its handler does not; give implement() a \`{ call: services({ … }) }\` of ebb/data, or take it out`,
    )
}
