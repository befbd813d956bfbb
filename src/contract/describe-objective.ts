import type { EndpointShape } from './endpoint-shape.ts'

/** What an endpoint promises over so many days, as the shares of requests that may break it. */
export interface DescribedObjective {
  readonly days: number
  /** The share that may fail, such as 0.001. */
  readonly failed?: number
  /** The share that may take longer than so many milliseconds. */
  readonly slow?: { readonly share: number; readonly ms: number }
}

const DAYS = 30
/** Percentages are decimal, and 1 - 0.999 is not 0.001 in binary. */
const shareBeyond = (percent: number) => Number(((100 - percent) / 100).toFixed(7))

/** The objective of an endpoint, with its defaults resolved. */
export function describeObjective({ objective }: Pick<EndpointShape, 'objective'>): {
  readonly objective?: DescribedObjective
} {
  if (!objective) return {}
  const { availability, latencyMs, days = DAYS } = objective
  const [latency] = Object.entries(latencyMs ?? {})
  const failed = availability === undefined ? {} : { failed: shareBeyond(availability) }
  const slow = latency ? { slow: { share: shareBeyond(Number(latency[0].slice(1))), ms: latency[1] } } : {}
  return { objective: { days, ...failed, ...slow } }
}
