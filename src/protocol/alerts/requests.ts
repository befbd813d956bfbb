import type { AlertRule, RecordingRule, Rule } from './rule.ts'

const REQUESTS = 'http_server_request_duration_seconds_count'

const failedRatio = (window: string): RecordingRule => ({
  record: `ebb:failed_ratio:${window}`,
  expr: `sum by (namespace) (rate(${REQUESTS}{$gateway,status=~"5.."}[${window}]))
  / sum by (namespace) (rate(${REQUESTS}{$gateway}[${window}]))`,
})

/** Both windows, so that it comes soon and also goes soon. Of an allowance of 0.1 % of a month's requests. */
const budgetBurns = (pace: number, long: string, short: string, severity: AlertRule['severity']): AlertRule => ({
  ...{ alert: 'EbbErrorBudgetBurns', severity, window: long },
  expr: `ebb:failed_ratio:${long}{$here} > ${pace} * 0.001
  and ebb:failed_ratio:${short}{$here} > ${pace} * 0.001
  and sum by (namespace) (increase(${REQUESTS}{$gateway}[${long}])) > 100`,
  summary: `Failures use up the month's allowance ${pace} times as fast as it comes.`,
  advice: 'As for EbbFailures; was something rolled out? `helm rollback` brings the last one back.',
})

/** What callers notice: of all requests together, and of those that reach functions. */
export const REQUEST_RULES: readonly Rule[] = [
  ...['5m', '30m', '1h', '6h'].map(failedRatio),
  {
    ...{ alert: 'EbbFailures', severity: 'warning', forMinutes: 5 },
    expr: `ebb:failed_ratio:5m{$here} > 0.05
  and sum by (namespace) (increase(${REQUESTS}{$gateway}[5m])) > 20`,
    summary: 'Of the requests of the last five minutes, {{ $value | humanizePercentage }} failed.',
    advice: 'See which route in the dashboard "Ebb: overview", then what its function logs at level error.',
  },
  budgetBurns(14.4, '1h', '5m', 'critical'),
  budgetBurns(6, '6h', '30m', 'warning'),
  {
    // Of those that reached a function: what a gateway answers by itself starts none.
    ...{ alert: 'EbbColdStarts', severity: 'warning', forMinutes: 15 },
    expr: `sum by (namespace) (increase(ebb_cold_start_wait_seconds_count{$gateway}[30m]))
  / (sum by (namespace) (increase(${REQUESTS}{$gateway}[30m]))
    - (sum by (namespace) (increase(ebb_wakeups_avoided_total{$gateway}[30m])) or sum by (namespace) (ebb_build_info{$gateway}) * 0)) > 0.2
  and sum by (namespace) (increase(${REQUESTS}{$gateway}[30m])) > 100`,
    summary: 'Of the requests to functions, {{ $value | humanizePercentage }} waited for one to start.',
    advice:
      'See which function in the dashboard "Ebb: cold starts". A warm window (`scale: { warm }`) or `scale.min` of its contract keeps one running; a cache keeps it asleep.',
  },
  {
    ...{ alert: 'EbbLimitsRefuse', severity: 'warning', forMinutes: 10 },
    expr: `sum by (namespace) (increase(ebb_rate_limited_total{$gateway}[15m]))
  / sum by (namespace) (increase(${REQUESTS}{$gateway}[15m])) > 0.2
  and sum by (namespace) (increase(${REQUESTS}{$gateway}[15m])) > 100`,
    summary: 'Limits refuse {{ $value | humanizePercentage }} of all requests.',
    advice:
      'See `policy` of ebb_rate_limited_total: is one caller at it, or has a limit become smaller than what callers were promised?',
  },
  {
    ...{ alert: 'EbbAuthorizerFails', severity: 'warning', forMinutes: 5 },
    expr: 'sum by (namespace, authorizer) (increase(ebb_authorizer_judgements_total{$gateway,outcome="failed"}[15m])) > 5',
    summary: 'The authorizer {{ $labels.authorizer }} has failed {{ $value | humanize }} times in fifteen minutes.',
    advice: 'Its callers get a 503: look at its log lines of level error, and at what it asks.',
  },
  {
    ...{ alert: 'EbbBreakerOpen', severity: 'warning', forMinutes: 1 },
    expr: 'max by (namespace, function) (ebb_breaker_open{$gateway}) == 1',
    summary: 'The function {{ $labels.function }} has failed so often that it is not called for the moment.',
    advice:
      'Look at its log lines of level error and at its pods. Once it works, its breaker closes by itself, or at once by `POST /v1/breakers/NAME/reset`.',
  },
  {
    ...{ alert: 'EbbGatewayLate', severity: 'warning', forMinutes: 5 },
    expr: 'sum by (namespace) (rate(ebb_shed_total{$gateway,what="event_loop"}[5m])) > 0',
    summary: 'Gateways have more to do than they can, and refuse requests.',
    advice:
      'Raise gateway.autoscaling.maxReplicas or gateway.replicas; see which route has grown in the dashboard "Ebb: overview".',
  },
  {
    ...{ alert: 'EbbContractsDoNotLoad', severity: 'warning', forMinutes: 5 },
    expr: 'max by (namespace, pod) (ebb_contracts_load_failed{$gateway}) == 1',
    summary: 'The gateway {{ $labels.pod }} cannot load its newest contracts, and serves by the ones before them.',
    advice: '`GET /v1/contracts` of its admin port says why; roll out contracts that load.',
  },
  {
    ...{ alert: 'EbbGatewayAbsent', severity: 'critical', forMinutes: 5 },
    expr: 'absent(ebb_build_info{$gateway})',
    summary: 'No gateway tells its metrics: none runs, or none can be scraped.',
    advice: 'Look at the pods of the gateway, and at the targets of Prometheus.',
  },
  {
    ...{ alert: 'EbbWebhooksRefused', severity: 'warning', forMinutes: 5 },
    expr: 'sum by (namespace, receiver) (increase(ebb_webhooks_received_total{$gateway,outcome=~"forged|expired|replayed|unconfigured"}[15m])) > 5',
    summary: 'Webhooks for {{ $labels.receiver }} are refused; {{ $value | humanize }} were in fifteen minutes.',
    advice:
      "See `outcome` of ebb_webhooks_received_total. Has the provider's secret changed (forged), is it not mounted (unconfigured), is a clock wrong (expired)? Else somebody is guessing.",
  },
]
