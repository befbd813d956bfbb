import { formatMs, formatShare, plural } from '../parts/format.ts'
import type { RouteTraffic } from './use-traffic.ts'

const [BAR, HEIGHT, SHOWN] = [2, 24, 60]

/** Requests of the last ten minutes, their faults in red, with rate, errors and duration in words. */
export function Sparkline({ of }: { readonly of: RouteTraffic | undefined }) {
  const { requests = [], errors = [] } = of ?? {}
  const max = Math.max(1, ...requests)
  const bar = (count: number) => (count === 0 ? 0 : Math.max(2, (count / max) * HEIGHT))
  return (
    <span class="spark">
      <svg viewBox={`0 0 ${BAR * SHOWN} ${HEIGHT}`} width={BAR * SHOWN} height={HEIGHT} aria-hidden="true">
        <path class="spark-base" d={`M0 ${HEIGHT - 0.5}H${BAR * SHOWN}`} />
        <path class="spark-rate" d={barsOf(requests.map(bar))} />
        <path class="spark-fault" d={barsOf(errors.map(bar))} />
      </svg>
      <span class="spark-text">{of ? describe(of) : <span class="soft">quiet</span>}</span>
    </span>
  )
}

const barsOf = (heights: readonly number[]) =>
  heights
    .map((height, index) => (height > 0 ? `M${index * BAR} ${HEIGHT}v${-height}h${BAR - 0.5}v${height}z` : ''))
    .join('')

function describe({ totals, ms }: RouteTraffic): string {
  const failed = totals.errors > 0 ? ` · ${formatShare(totals.errors / totals.requests)} failed` : ''
  return `${plural(totals.requests, 'request')}${failed}${ms.p99 === null ? '' : ` · p99 ${formatMs(ms.p99)}`}`
}
