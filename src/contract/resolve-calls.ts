import { type AnyContract, isReceiver } from './any-contract.ts'
import { findUncallable } from './check-internal.ts'
import { ContractError } from './contract-error.ts'
import type { Callee } from './described.ts'
import type { EndpointContract } from './endpoint-shape.ts'

/** The names in `calls` of a contract; none where it has none. */
export const callsOf = (contract: AnyContract): readonly string[] => ('calls' in contract && contract.calls) || []

/**
 * Whom each function calls, by its name, with the scopes that those ask for. Throws a ContractError where a call leads to what is no
 * endpoint, to one that cannot be called, on to another call, or back to where it began.
 */
export function resolveCalls(contracts: readonly AnyContract[]): ReadonlyMap<string, readonly Callee[]> {
  const byName = new Map(contracts.map((contract) => [contract.name, contract]))
  const callers = contracts.filter((contract) => callsOf(contract).length > 0)
  for (const caller of callers) refuseCycles(caller, byName)
  return new Map(
    callers.map((caller) => [
      caller.name,
      callsOf(caller).map((name) => {
        const { access } = requireCallee(caller, name, byName.get(name))
        return { name, scopes: access.scopes ?? [] }
      }),
    ]),
  )
}

function refuseCycles(from: AnyContract, byName: ReadonlyMap<string, AnyContract>) {
  const follow = (name: string, path: readonly string[]) => {
    const contract = byName.get(name)
    if (contract && path.includes(name)) {
      if (name !== from.name) return
      throw new ContractError(
        from.name,
        `it calls itself: ${[...path, name].join(' -> ')}; take one of these calls out, or emit an event in its place`,
      )
    }
    for (const next of contract ? callsOf(contract) : []) follow(next, [...path, name])
  }
  follow(from.name, [])
}

function requireCallee(caller: AnyContract, name: string, callee: AnyContract | undefined): EndpointContract {
  const refuse = (sentence: string): never => {
    throw new ContractError(caller.name, `it calls \`${name}\`, ${sentence}`)
  }
  if (callee?.kind !== 'endpoint') return refuse('which is no endpoint() of functions/')
  const issue = findUncallable(callee)
  if (issue) return refuse(`and ${issue}, which no function can call`)
  if (callsOf(callee).length > 0)
    return refuse(
      `which calls ${callsOf(callee).join(' and ')} in turn: what it is called with is good for itself alone; let \`${caller.name}\` call both`,
    )
  const { scopes = [], owner, policy } = callee.access
  const asked = [...(scopes.length > 0 ? ['scopes'] : []), ...(owner ? ['owner'] : []), ...(policy ? ['policy'] : [])]
  if (isReceiver(caller) && asked.length > 0)
    return refuse(
      `which asks for ${asked.join(' and ')} of its caller, and nobody calls a ${caller.kind}; take that out of its \`access\`, or call another one`,
    )
  return callee
}
