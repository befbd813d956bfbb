import type { EndpointContract } from '../../contract/index.ts'
import { type Presented, sameParameters } from './right-answer.ts'

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
  readonly ownership?: 'own' | 'foreign'
}

/** All that HTTP has for resources; CONNECT and TRACE are for no path. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export const nameOf = ({ caller, method, path, ownership }: Cell) =>
  [`${method} ${path}`, caller.name, ...(ownership ? [ownership] : [])].join(' · ')

/** Every caller × method × path, and twice where what is at the path has an owner. */
export function cellsOf(contracts: readonly EndpointContract[], callers: readonly MatrixCaller[]): readonly Cell[] {
  const paths = new Map(contracts.map(({ path }) => [sameParameters(path), path]))
  return [...paths.values()].flatMap((path) => {
    const owned = contracts.some((one) => one.access.owner && sameParameters(one.path) === sameParameters(path))
    return METHODS.flatMap((method) =>
      callers.flatMap((caller): readonly Cell[] => {
        const cell = { caller, method, path }
        return owned && caller.subject
          ? [
              { ...cell, ownership: 'own' },
              { ...cell, ownership: 'foreign' },
            ]
          : [cell]
      }),
    )
  })
}
