import { LARGEST_POSTGRES_CORES, type Sized, type SizeOptions, sizeOf } from './size-of.ts'
import { demandsOf, type Load, trafficOf } from './traffic.ts'

/** Up to which rate what there is of a part is enough, and what comes then. */
export interface Limit {
  readonly part: string
  /** Requests a second, of all kinds. */
  readonly perSecond: number
  readonly next: string
}

const MICROS = 1_000_000

/** Where such a load ends, if more of the same comes: the first end first. */
export function limitsOf(load: Load, options: SizeOptions): readonly Limit[] {
  const { times, installation } = options
  const traffic = trafficOf(load)
  const demands = demandsOf(traffic, times)
  const perSecond = Object.values(traffic.requests).reduce((sum, rate) => sum + rate, 0)
  const at = (capacity: number, used: number) => (used > 0 ? (perSecond * capacity) / used : Number.POSITIVE_INFINITY)
  /** Where a size that grows with the load is too much. */
  const from = (isTooMuch: (sized: Sized) => boolean) =>
    perSecond * findFactor((factor) => isTooMuch(sizeOf(scaled(load, factor), options)))
  const { connections } = installation.postgres
  const isLimited = ({ parts }: Sized) => parts.some(({ max }) => max !== undefined)
  const ofFunctions = from(isLimited)
  const first = Number.isFinite(ofFunctions)
    ? sizeOf(scaled(load, ofFunctions / perSecond), options).parts.find(({ max }) => max !== undefined)
    : undefined
  const limits: readonly Limit[] = [
    { part: 'one gateway', perSecond: at(MICROS, demands.gateway.busy), next: 'more of them: gateway.autoscaling' },
    { part: 'one relay', perSecond: at(MICROS, demands.relay.busy), next: 'more of them: relay.replicas' },
    {
      part: 'the Redis',
      perSecond: at(MICROS, demands.redis.busy),
      next: 'a Redis Cluster: ?cluster=true in REDIS_URL',
    },
    {
      part: `a Postgres of ${LARGEST_POSTGRES_CORES} cores`,
      perSecond: at(LARGEST_POSTGRES_CORES * MICROS, demands.postgres.busy),
      next: 'reads to replicas: postgres.readReplicas; then an Ebb for each part of the tenants',
    },
    {
      part: `${connections} connections`,
      perSecond: from((sized) => sized.connections > connections),
      next: 'a pooler: postgres.pooler',
    },
    ...(first ? [{ part: `${first.max} of ${first.name}`, perSecond: ofFunctions, next: 'its scale.max' }] : []),
  ]
  return limits.filter((limit) => limit.perSecond < Number.POSITIVE_INFINITY).sort((a, b) => a.perSecond - b.perSecond)
}

const scaled = ({ endpoints, subscribers, refused }: Load, factor: number): Load => ({
  endpoints: endpoints.map((one) => ({ ...one, perSecond: one.perSecond * factor })),
  subscribers: subscribers.map((one) => ({ ...one, perSecond: one.perSecond * factor })),
  refused: refused * factor,
})

const [LEAST, MOST, STEPS] = [1e-6, 1e6, 60]

/** The least factor from which on something holds; infinity where it never does. */
function findFactor(holds: (factor: number) => boolean): number {
  if (!holds(MOST)) return Number.POSITIVE_INFINITY
  let [low, high] = [LEAST, MOST]
  for (let step = 0; step < STEPS; step++) {
    const middle = Math.sqrt(low * high)
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}
