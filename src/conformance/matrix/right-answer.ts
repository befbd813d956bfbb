import type { EndpointContract } from '../../contract/index.ts'

/** What is presented with a request: nothing, something that is not valid, or the credential of a caller. */
export type Presented = 'nothing' | 'invalid' | { readonly scopes: readonly string[] }

/** One request, by what its answer may depend on. */
export interface Asked {
  readonly method: string
  /** As the contract writes it. */
  readonly path: string
  readonly presented: Presented
  /** Whether what is asked for is the caller's own; undefined where it has no owner. */
  readonly owns?: boolean | undefined
}

/** Of whoever may call: what the handler says. Of anybody else: the refusal's status. */
export type RightAnswer = 'allowed' | 401 | 403 | 405

/** The parts of `access` that this knows what they mean; a contract with any other is not judged, but reported. */
const KNOWN_PARTS = ['scopes', 'owner', 'anonymous', 'authorizer']

/**
 * Who may do what, read from contracts as their authors wrote them. It shares no code with gateway and function, since it is what
 * they are held to. Throws where a contract says something that it does not know.
 */
export function rightAnswer(contracts: readonly EndpointContract[], asked: Asked): RightAnswer {
  const contract = findContract(contracts, asked)
  // Before anything is known of the caller: a path has the same methods for everybody.
  if (!contract) return 405
  const unknown = Object.keys(contract.access).find((part) => !KNOWN_PARTS.includes(part))
  if (unknown) throw new Error(`${contract.name}: the matrix does not know what access.${unknown} means`)
  const { scopes = [], owner, anonymous, authorizer } = contract.access
  const { presented, owns } = asked
  // Only what its authorizer judges by lets anybody in, and no key is that.
  if (authorizer || presented === 'invalid') return 401
  if (presented === 'nothing') return anonymous ? 'allowed' : 401
  const hasAll = scopes.every((scope) => presented.scopes.includes(scope))
  if (!owner) return hasAll ? 'allowed' : 403
  // An owner's endpoint without scopes is for its owner alone.
  return owns || (hasAll && scopes.length > 0) ? 'allowed' : 403
}

/** The contract of a request; a HEAD is a GET. */
export function findContract(contracts: readonly EndpointContract[], { method, path }: Pick<Asked, 'method' | 'path'>) {
  const wanted = method === 'HEAD' ? 'GET' : method
  return contracts.find(
    (contract) => contract.method === wanted && sameParameters(contract.path) === sameParameters(path),
  )
}

/** Whatever parameters are called, `/v1/users/{id}` and `/v1/users/{user}` are one path. */
export const sameParameters = (path: string): string => path.replaceAll(/\{[^}]+\}/g, '{}')
