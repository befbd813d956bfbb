import type { EndpointContract } from '../../contract/index.ts'

/** What is presented with a request: nothing, something that is not valid, or the credential of a caller. */
export type Presented = 'nothing' | 'invalid' | Grants

export interface Grants {
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly tenant?: string
}

/** Whose a thing is: the caller's, somebody else's, or that of another tenant. */
export type Ownership = 'own' | 'foreign' | 'of another tenant'

/** One request, by what its answer may depend on. */
export interface Asked {
  readonly method: string
  /** As the contract writes it. */
  readonly path: string
  readonly presented: Presented
  /** Undefined where it has no owner. */
  readonly ownership?: Ownership | undefined
}

/** Of whoever may call: what the handler says. Of anybody else: a refusal's status; `hidden` is any but a success. */
export type RightAnswer = 'allowed' | 'hidden' | 401 | 403 | 405

/** What a project's policy decides about a caller who has the scopes; undefined where the one who is asked does not know. */
export type Decide = (contract: EndpointContract, asked: Asked & { readonly presented: Grants }) => boolean | undefined

/** The right answer cannot be known from contracts. */
export class UnknownAnswer extends Error {
  override readonly name = 'UnknownAnswer'
}

/** The parts of `access` that this knows the meaning of. */
const KNOWN_PARTS = ['scopes', 'owner', 'anonymous', 'policy', 'dpop', 'authorizer']

/**
 * Who may do what, read from contracts as their authors wrote them. It shares no code with gateway and function, since it is what
 * they are held to. Throws an UnknownAnswer where a contract leaves it to something else.
 */
export function rightAnswer(
  contracts: readonly EndpointContract[],
  asked: Asked,
  decide: Decide = () => undefined,
): RightAnswer {
  const contract = findContract(contracts, asked)
  // Before anything is known of the caller: a path has the same methods for everybody.
  if (!contract) return 405
  const { access, tenancy } = contract
  const unknown = Object.keys(access).find((part) => !KNOWN_PARTS.includes(part))
  if (unknown) throw new UnknownAnswer(`what access.${unknown} decides is not in the contract`)
  const { scopes = [], owner, anonymous, dpop, authorizer, policy } = access
  const { presented, ownership } = asked
  // Only what its authorizer judges by lets anybody in, and no key is that; and nobody here proves to have a token's key.
  if (authorizer || presented === 'invalid' || (dpop && presented !== 'nothing')) return 401
  if (presented === 'nothing') return anonymous ? 'allowed' : 401
  if (tenancy && presented.tenant === undefined) return 403
  if (ownership === 'of another tenant') return 'hidden'
  const hasAll = scopes.every((scope) => presented.scopes.includes(scope))
  // An owner's endpoint without scopes is for its owner alone.
  const isGranted = owner ? ownership === 'own' || (hasAll && scopes.length > 0) : hasAll
  if (!isGranted) return 403
  if (!policy) return 'allowed'
  const decided = decide(contract, { ...asked, presented })
  if (decided === undefined) throw new UnknownAnswer('a policy decides it')
  return decided ? 'allowed' : 403
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
