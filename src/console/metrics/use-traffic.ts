import { usePath } from '../api/use-path.ts'

/** What a gateway has answered on one route in the last ten minutes, in steps of ten seconds, the oldest first. */
export interface RouteTraffic {
  readonly function: string | null
  readonly method: string
  readonly route: string
  readonly requests: readonly number[]
  /** Responses with a 5xx. */
  readonly errors: readonly number[]
  readonly cold: readonly number[]
  readonly notInvoked: readonly number[]
  readonly ms: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null }
  readonly totals: {
    readonly requests: number
    readonly errors: number
    readonly cold: number
    readonly notInvoked: number
  }
}

interface Traffic {
  readonly from: string
  readonly stepSeconds: number
  readonly steps: number
  readonly traffic: readonly RouteTraffic[]
}

export const useTraffic = () => usePath<Traffic>('/v1/traffic', { everyMs: 5_000 })
