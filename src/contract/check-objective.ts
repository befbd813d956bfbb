import { checkKeys, type Refuse } from './check-common.ts'
import { MAX_TIMEOUT_MS } from './check-deployment.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import type { Objective } from './objective-shape.ts'

const KEYS = ['availability', 'latencyMs', 'days']
const PERCENTILES = ['p50', 'p75', 'p90', 'p95', 'p99', 'p99.5', 'p99.9']

type Promising = Pick<EndpointShape, 'objective' | 'upgrade' | 'reply'>

/** Refuses an `objective` that nobody could measure, or that promises nothing. */
export function checkObjective({ objective, upgrade, reply }: Promising, refuse: Refuse) {
  if (objective === undefined || objective === false) return
  refuse(Object(objective) !== objective, '`objective` is an object, or false where nothing is promised')
  checkKeys(objective, KEYS, refuse)
  const { availability, latencyMs, days = 7 } = objective
  refuse(
    availability === undefined && latencyMs === undefined,
    '`objective` names an availability, a latencyMs or both',
  )
  refuse(
    availability !== undefined && !(availability >= 50 && availability <= 99.999),
    'objective.availability is a percentage from 50 to 99.999; at 100 the first failure would break it for good',
  )
  refuse(!(Number.isInteger(days) && days >= 7 && days <= 90), 'objective.days must be whole, and from 7 to 90')
  if (latencyMs === undefined) return
  refuse(
    upgrade !== undefined || Object.hasOwn(reply, 'stream'),
    'a connection or a stream takes as long as its caller wants; drop `objective.latencyMs`',
  )
  checkLatency(latencyMs, refuse)
}

function checkLatency(latencyMs: NonNullable<Objective['latencyMs']>, refuse: Refuse) {
  checkKeys(latencyMs, PERCENTILES, refuse)
  const limits = Object.values(latencyMs)
  refuse(limits.length !== 1, 'objective.latencyMs names one percentile, such as { p99: 300 }')
  for (const ms of limits)
    refuse(
      !(Number.isInteger(ms) && ms >= 1 && ms <= MAX_TIMEOUT_MS),
      `objective.latencyMs is whole milliseconds, from 1 to ${MAX_TIMEOUT_MS}`,
    )
}
