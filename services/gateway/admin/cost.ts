import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import type pg from 'pg'
import { functionsOf } from '../../../src/contract/index.ts'
import { type CostPeriod, readCalls, readInstances } from '../../../src/data/cost/read-cost.ts'
import { readCost } from '../../../src/protocol/admin/cost.ts'
import { priceCost } from '../cost/price-cost.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface CostOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly pool: pg.Pool
}

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000]
const DEFAULT_DAYS = 7
const MAX_DAYS = 92

export const costOperations = ({ pool, contracts }: CostOptions): readonly AdminOperation[] => [
  operation(readCost, async ({ query }) => {
    const period = periodOf(query)
    const [instances, calls] = [await readInstances(pool, period), await readCalls(pool, period)]
    const { prices } = contracts()
    const warmth = new Map(functionsOf(contracts()).map(({ name, scale }) => [name, scale]))
    return priceCost({ ...period, instances, calls }, { prices, warmth, now: new Date() })
  }),
]

/** The whole hours that a period is in. */
function periodOf({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }): CostPeriod {
  const end = Math.ceil((to === undefined ? Date.now() : Date.parse(to)) / HOUR_MS) * HOUR_MS
  const begin = from === undefined ? end - DEFAULT_DAYS * DAY_MS : Math.floor(Date.parse(from) / HOUR_MS) * HOUR_MS
  if (begin < end && end - begin <= MAX_DAYS * DAY_MS) return { from: new Date(begin), to: new Date(end) }
  throw new Problem('invalid_request', 400, `\`to\` must be after \`from\`, and at most ${MAX_DAYS} days.`)
}
