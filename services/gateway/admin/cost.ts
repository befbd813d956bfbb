import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import type pg from 'pg'
import { functionsOf, pricePerSecond } from '../../../src/contract/index.ts'
import { type CostPeriod, type InstanceSum, readCalls, readInstances } from '../../../src/data/cost/read-cost.ts'
import { type CallMinute, readMinutes } from '../../../src/data/cost/read-minutes.ts'
import type { AdminInput } from '../../../src/protocol/admin/admin-endpoint.ts'
import { readCost, readWhatIf } from '../../../src/protocol/admin/cost.ts'
import { priceCost } from '../cost/price-cost.ts'
import { type Outcome, type Settings, whatIf } from '../cost/what-if.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface CostOptions extends Pick<GatewayDependencies, 'contracts'> {
  readonly pool: pg.Pool
}

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000]
const DEFAULT_DAYS = 7
const MAX_DAYS = 92
/** For a what-if: the newest ones, which take a second or two to simulate. */
const MAX_CALLS = 100_000

export const costOperations = ({ pool, contracts }: CostOptions): readonly AdminOperation[] => [
  operation(readCost, async ({ query }) => {
    const period = periodOf(query)
    const [instances, calls] = [await readInstances(pool, period), await readCalls(pool, period)]
    const { prices } = contracts()
    const warmth = new Map(functionsOf(contracts()).map(({ name, scale }) => [name, scale]))
    return priceCost({ ...period, instances, calls }, { prices, warmth, now: new Date() })
  }),
  operation(readWhatIf, async ({ query }) => {
    const { function: name } = query
    const described = functionsOf(contracts()).find((one) => one.name === name)
    if (!described) throw new Problem('not_found', 404, 'There is no function of this name.')
    const period = periodOf(query)
    const minutes = await readMinutes(pool, name, { ...period, maxCalls: MAX_CALLS })
    const instances = (await readInstances(pool, period)).filter((one) => one.kind === 'function' && one.name === name)
    const maxAgeSeconds = 'cache' in described ? (described.cache?.maxAgeSeconds ?? 0) : 0
    const outcome = await whatIf({
      ...{ minutes, settings: { ...described.scale, maxAgeSeconds }, change: changeOf(query) },
      recorded: sumDuring(minutes, instances),
      from: minutes[0]?.second ?? +period.from / 1_000,
      to: Math.min(+period.to, Date.now()) / 1_000,
    })
    const { prices } = contracts()
    const size = instances.at(-1)
    const priced = (of: Outcome) => ({
      ...of,
      cost: prices && size ? of.instanceSeconds * pricePerSecond(size, prices) : null,
    })
    const { idleSeconds, recorded, simulated, changed } = outcome
    return {
      ...{ function: name, from: period.from.toISOString(), to: period.to.toISOString() },
      ...{ currency: prices?.currency ?? null, idleSeconds },
      ...{ recorded: priced(recorded), simulated: priced(simulated), changed: priced(changed) },
    }
  }),
]

/** What instances have used while calls were recorded: of an hour of which only a part was read, that part. */
function sumDuring(minutes: readonly CallMinute[], instances: readonly InstanceSum[]) {
  const hourOf = (second: number) => Math.floor((second * 1_000) / HOUR_MS)
  const parts = new Map(minutes.map(({ second, partOfHour }) => [hourOf(second), partOfHour]))
  const begin = minutes[0] ? hourOf(minutes[0].second) : 0
  const during = instances.flatMap((one) => {
    const hour = hourOf(+one.at / 1_000)
    return hour < begin ? [] : [{ ...one, part: parts.get(hour) ?? 1 }]
  })
  const sum = (of: (one: InstanceSum) => number) => during.reduce((total, one) => total + of(one) * one.part, 0)
  return {
    ...{ instances: sum((one) => one.instances), startingSeconds: sum((one) => one.starting) },
    instanceSeconds: sum(({ starting, busy, idle }) => starting + busy + idle),
  }
}

/** What a question changes of a contract. */
function changeOf({
  min,
  concurrency,
  warm,
  maxAgeSeconds,
}: AdminInput<typeof readWhatIf>['query']): Partial<Settings> {
  const [from = '', to = ''] = warm?.split('-') ?? []
  return {
    ...(min === undefined ? {} : { min }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(warm === undefined ? {} : { warm: [{ from, to }] }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
  }
}

/** The whole hours that a period is in. */
function periodOf({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }): CostPeriod {
  const end = Math.ceil((to === undefined ? Date.now() : Date.parse(to)) / HOUR_MS) * HOUR_MS
  const begin = from === undefined ? end - DEFAULT_DAYS * DAY_MS : Math.floor(Date.parse(from) / HOUR_MS) * HOUR_MS
  if (begin < end && end - begin <= MAX_DAYS * DAY_MS) return { from: new Date(begin), to: new Date(end) }
  throw new Problem('invalid_request', 400, `\`to\` must be after \`from\`, and at most ${MAX_DAYS} days.`)
}
