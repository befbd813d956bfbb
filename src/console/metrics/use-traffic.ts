import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'

/** What a gateway has answered on one route in the last ten minutes, in steps of ten seconds, the oldest first. */
export type RouteTraffic = Traffic['traffic'][number]

type Traffic = ReplyOf<'traffic.show'>

export const useTraffic = () => useData('traffic.show', {}, { everyMs: 5_000 })
