import { type AnyContract, hasTenancy } from '../contract/index.ts'
import type { Identity } from '../protocol/index.ts'

/**
 * Who owns a thing: a subject within a tenant, or of none.
 * @example const owner: Owner = { sub: 'ada', tenant: 'acme' }
 */
export interface Owner {
  /** The subject, as `caller.sub`. */
  readonly sub: string
  /** Its tenant, as `caller.tenant`; null or undefined where it has none. */
  readonly tenant: string | null | undefined
}

/** Whether a caller is the owner. A subject alone is one of the caller's tenant where the contract has tenancy, else of none. */
export function isOwner({ sub, tenant }: Identity, owner: string | Owner, contract: AnyContract): boolean {
  if (typeof owner === 'string') return owner === sub && (hasTenancy(contract) || tenant === undefined)
  return owner.sub === sub && (owner.tenant ?? undefined) === tenant
}

/** Whether the owner is of another tenant than the caller, whom no scope lets see that. */
export const isForeign = ({ tenant }: Identity, owner: string | Owner): boolean =>
  tenant !== undefined && typeof owner !== 'string' && (owner.tenant ?? tenant) !== tenant

/** For the log: whoever wrote the handler is to know why a subject was refused what is its own. */
export const OWNER_WITHOUT_TENANT =
  'own(subject) does not say of which tenant: add `tenancy: true` to the contract, or write own({ sub, tenant })'
