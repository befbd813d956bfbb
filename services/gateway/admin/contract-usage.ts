import { Problem } from 'ebb/contract'
import type pg from 'pg'
import type { ContractSet, Route } from '../../../src/contract/index.ts'
import { readContractUsage, type SummedContractUsage } from '../../../src/data/contract-usage.ts'
import { showContractUsage } from '../../../src/protocol/admin/contract-usage.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface ContractUsageOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
  /** Writes what this gateway has counted since it last wrote. */
  readonly flushUsage: () => Promise<void>
}

/** What fits into an answer of some megabytes. */
const MAX_ROWS = 10_000

export const contractUsageOperations = ({
  pool,
  contracts,
  flushUsage,
}: ContractUsageOptions): readonly AdminOperation[] => [
  operation(showContractUsage, async ({ query: { days, endpoint, deprecated } }) => {
    const { routes, endpointFields = {} } = contracts()
    const wanted = routes.filter(
      ({ name, deprecated: of }) => (endpoint === undefined || name === endpoint) && (!deprecated || of !== undefined),
    )
    if (endpoint !== undefined && wanted.length === 0)
      throw new Problem(
        'not_found',
        404,
        `No contract has an endpoint called ${endpoint}${deprecated ? ' that is deprecated' : ''}.`,
      )
    await flushUsage()
    const rows = await readContractUsage(pool, { days, endpoint, limit: MAX_ROWS })
    const byEndpoint = Map.groupBy(rows, (row) => row.endpoint)
    const viewed = wanted.map((route) =>
      viewOf(route, byEndpoint.get(route.name) ?? [], endpointFields[route.name]?.optional ?? []),
    )
    return { days, endpoints: [...viewed.filter((one) => one.deprecated), ...viewed.filter((one) => !one.deprecated)] }
  }),
]

function viewOf(
  { name, method, path, deprecated }: Route,
  used: readonly SummedContractUsage[],
  optional: readonly string[],
) {
  const latest = used
    .map(({ lastAt }) => lastAt)
    .sort()
    .at(-1)
  return {
    ...{ name, method, path, deprecated: deprecated ?? null },
    requests: sum(used.map(({ requests }) => requests)),
    lastAt: latest ?? null,
    callers: used.map(({ endpoint: _endpoint, fields: _fields, ...caller }) => caller),
    fields: optional.map((field) => {
      const senders = used.filter(({ fields }) => fields[field])
      return { field, requests: sum(senders.map(({ fields }) => fields[field] ?? 0)), callers: senders.length }
    }),
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
