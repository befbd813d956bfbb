import type { ReplyOf } from '../api/operations.ts'
import { usePath } from '../api/use-path.ts'

/** What a gateway has answered on one route in the last ten minutes, in steps of ten seconds, the oldest first. */
export type RouteTraffic = Traffic['traffic'][number]

type Traffic = ReplyOf<'traffic.show'>

export const useTraffic = () => usePath<Traffic>('/v1/traffic', { everyMs: 5_000 })
