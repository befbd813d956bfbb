import type { EndpointContract } from '../../contract/index.ts'
import { type Ownership, type Presented, sameParameters } from './right-answer.ts'

/** Somebody who calls, with what is presented. */
export interface MatrixCaller {
  readonly name: string
  readonly presented: Presented
  readonly headers: Readonly<Record<string, string>>
  /** Where it is a caller at all. */
  readonly subject?: string
}

/** One request of the matrix: one caller, one method at one path, and whose thing it is. */
export interface Cell {
  readonly caller: MatrixCaller
  readonly method: string
  /** As the contract writes it. */
  readonly path: string
  readonly ownership?: Ownership
}

/** All that HTTP has for resources; CONNECT and TRACE are for no path. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export const nameOf = ({ caller, method, path, ownership }: Cell) =>
  [`${method} ${path}`, caller.name, ...(ownership ? [ownership] : [])].join(' · ')

/** Every caller × method × path, and once for each kind of owner where what is at the path has one. */
export function cellsOf(contracts: readonly EndpointContract[], callers: readonly MatrixCaller[]): readonly Cell[] {
  const paths = new Map(contracts.map(({ path }) => [sameParameters(path), path]))
  return [...paths.values()].flatMap((path) => {
    const atPath = contracts.filter((one) => sameParameters(one.path) === sameParameters(path))
    return METHODS.flatMap((method) =>
      callers.flatMap((caller): readonly Cell[] => {
        const kinds = ownershipsOf(atPath, caller)
        return kinds ? kinds.map((ownership) => ({ caller, method, path, ownership })) : [{ caller, method, path }]
      }),
    )
  })
}

/** Whose things a caller asks for at a path; undefined where that makes no difference. */
function ownershipsOf(
  atPath: readonly EndpointContract[],
  { presented }: MatrixCaller,
): readonly Ownership[] | undefined {
  if (presented === 'nothing' || presented === 'invalid') return undefined
  const hasTenants = atPath.some(({ tenancy }) => tenancy)
  const hasOwners = atPath.some(
    ({ access, path }) => access.owner || access.policy || (hasTenants && path.includes('{')),
  )
  if (!hasOwners) return undefined
  if (hasTenants) return presented.tenant === undefined ? undefined : ['own', 'foreign', 'of another tenant']
  // Whether a thing of a subject without tenant is that of one with a tenant, only the handler knows.
  return presented.tenant === undefined ? ['own', 'foreign'] : []
}
