import type { Callee } from '../../contract/index.ts'
import type { Identity } from './identity.ts'
import type { SignIdentity } from './sign-identity.ts'

/**
 * The header in which a function gets the identities that it calls others with, since it has no key to sign with: one for each
 * function that its contract says it calls, as `name=token`.
 */
export const DELEGATION_HEADER = 'ebb-delegation'

/** Who delegates to whom. */
export interface Delegation {
  /** The caller of the function that calls others. */
  readonly caller: Omit<Identity, 'iss'>
  /** That function. */
  readonly via: string
  readonly calls: readonly Callee[]
}

interface DelegationOptions {
  /** How long the request may take, with the start of its function. */
  readonly waitMs: number
  readonly unknownKey?: string | undefined
}

/**
 * Signs the caller for each of the functions that `via` calls: good for that function, until the request is over, and with no
 * more of the caller's scopes than that function asks for.
 */
export async function writeDelegation(
  sign: SignIdentity,
  { caller, via, calls }: Delegation,
  { waitMs, unknownKey }: DelegationOptions,
): Promise<string> {
  const parts = calls.map(async ({ name, scopes }) => {
    const identity = { ...caller, scopes: scopes.filter((scope) => caller.scopes.includes(scope)), via }
    return `${name}=${await sign(identity, name, { waitMs, once: true, unknownKey })}`
  })
  return (await Promise.all(parts)).join(', ')
}

/** The token for a function of that name; undefined where there is none. */
export function findDelegated(header: string | undefined, name: string): string | undefined {
  const part = header?.split(',').find((one) => one.trimStart().startsWith(`${name}=`))
  return part?.trim().slice(name.length + 1)
}
