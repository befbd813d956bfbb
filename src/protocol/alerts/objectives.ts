import type { AlertRule, RecordingRule, Rule } from './rule.ts'

const REQUESTS = 'http_server_request_duration_seconds_count'
const OF_ROUTE = 'namespace, route, method'

const recordings = (window: string): readonly RecordingRule[] => [
  {
    record: `ebb:objective_requests:${window}`,
    expr: `sum by (${OF_ROUTE}) (increase(${REQUESTS}{$gateway}[${window}]))
  and on (${OF_ROUTE}) ebb_objective_period_days{$gateway}`,
  },
  {
    record: `ebb:objective_broken_ratio:${window}`,
    labels: { objective: 'availability' },
    expr: `sum by (${OF_ROUTE}) (increase(${REQUESTS}{$gateway,status=~"5.."}[${window}]))
  / ebb:objective_requests:${window}{$here}`,
  },
  {
    record: `ebb:objective_broken_ratio:${window}`,
    labels: { objective: 'latency' },
    expr: `sum by (${OF_ROUTE}) (increase(ebb_slow_requests_total{$gateway}[${window}]))
  / ebb:objective_requests:${window}{$here}`,
  },
]

/** A long window, so that it matters, and a short one, so that it is still going on; `pace` is by days. */
interface Windows {
  readonly long: string
  readonly short: string
  /** From the days of an objective to how many times as fast as allowed its budget is used up. */
  readonly pace: string
  readonly severity: AlertRule['severity']
}

/**
 * In which 2, 5 and 10 % of what may fail in all days have failed: for 30 days 14.4, 6 and 1 times as fast as allowed, as Google's
 * workbook has it (The Site Reliability Workbook, 5).
 */
const WINDOWS: readonly Windows[] = [
  { long: '1h', short: '5m', pace: '* 0.48', severity: 'critical' },
  { long: '6h', short: '30m', pace: '* 0.2', severity: 'warning' },
  { long: '3d', short: '6h', pace: '/ 30', severity: 'info' },
]

const alerts = ({ long, short, pace, severity }: Windows): readonly Rule[] => [
  {
    record: `ebb:objective_threshold:${long}`,
    expr: `max by (${OF_ROUTE}, objective) (ebb_objective_budget_ratio{$gateway})
  * on (${OF_ROUTE}) group_left ()
  clamp_min(max by (${OF_ROUTE}) (ebb_objective_period_days{$gateway}) ${pace}, 1)`,
  },
  {
    ...{ alert: 'EbbObjectiveAtRisk', severity, window: long },
    expr: `ebb:objective_broken_ratio:${long}{$here} > ebb:objective_threshold:${long}
  and ebb:objective_broken_ratio:${short} > ebb:objective_threshold:${long}
  and on (${OF_ROUTE}) ebb:objective_requests:${long} > 100
  and ebb:objective_broken_ratio:${long} * on (${OF_ROUTE}) group_left () ebb:objective_requests:${long} > 5`,
    summary: `{{ $labels.method }} {{ $labels.route }} breaks its objective ({{ $labels.objective }}): in the last ${long}, {{ $value | humanizePercentage }} of its requests did.`,
    advice:
      'See the route in the dashboard "Ebb: one endpoint", and what its function logs; was something rolled out? If what it promises is more than anybody needs, say less in its contract.',
  },
]

/** What contracts promise (`objective`), which gateways tell as metrics: so these rules are the same for all contracts. */
export const OBJECTIVE_RULES: readonly Rule[] = [
  ...['5m', '30m', '1h', '6h', '3d'].flatMap(recordings),
  ...WINDOWS.flatMap(alerts),
]
