import type { Series } from './promtool.ts'

const NAMESPACE = 'namespace="default"'
const gateway = (name: string, labels = '') => `${name}{${NAMESPACE},pod="ebb-gateway-1"${labels && `,${labels}`}}`
const relay = (name: string, labels = '') => `${name}{${NAMESPACE},pod="ebb-relay-1"${labels && `,${labels}`}}`
const requests = (status: number, route = '/v1/orders') =>
  gateway('http_server_request_duration_seconds_count', `route="${route}",method="POST",status="${status}"`)

/** 99.9 % are to succeed and 99 % to be fast, over so many days. */
const promised = (days = 30): Series => ({
  [gateway('ebb_objective_budget_ratio', 'route="/v1/orders",method="POST",objective="availability"')]: '0.001x150',
  [gateway('ebb_objective_budget_ratio', 'route="/v1/orders",method="POST",objective="latency"')]: '0.01x150',
  [gateway('ebb_objective_period_days', 'route="/v1/orders",method="POST"')]: `${days}x150`,
})
const slow = gateway('ebb_slow_requests_total', 'route="/v1/orders",method="POST"')
const AT_RISK = 'EbbObjectiveAtRisk'
const of = (objective: string, severity: string) => `objective="${objective}",severity="${severity}"`

/** Series at which an alert is asked, and what it is to say. */
export interface Case {
  readonly alert: string
  readonly what: string
  readonly series: Series
  readonly at: string
  /** How many fire. */
  readonly fires: number
  readonly labels?: string
}

/** Where each alert must fire, and where it must be silent. */
export const CASES: readonly Case[] = [
  ...[
    { what: '6 of 100 requests fail for ten minutes', failed: '0+6x30', fires: 1 },
    { what: '4 of 100 requests fail', failed: '0+4x30', fires: 0 },
  ].map(({ what, failed, fires }) => ({
    ...{ alert: 'EbbFailures', what, at: '20m', fires },
    series: { [requests(200)]: '0+100x30', [requests(503)]: failed },
  })),
  {
    ...{ alert: 'EbbFailures', what: 'one of three requests fails, which are all', at: '20m', fires: 0 },
    series: { [requests(200)]: '0+1x30', [requests(503)]: '0+0.5x30' },
  },
  {
    ...{ alert: 'EbbErrorBudgetBurns', what: 'two of 100 fail for an hour', at: '70m', fires: 2 },
    series: { [requests(200)]: '0+100x90', [requests(500)]: '0+2x90' },
  },
  {
    ...{ alert: 'EbbErrorBudgetBurns', what: 'they failed an hour ago, and no longer', at: '80m', fires: 0 },
    series: { [requests(200)]: '0+100x90', [requests(500)]: '0+2x40 80x50' },
  },
  ...[
    { what: '2 of 100 fail', failed: '0+2x90', labels: of('availability', 'critical'), fires: 1 },
    {
      what: '1 of 100 fails, which is ten times as many as allowed',
      failed: '0+1x90',
      labels: of('availability', 'critical'),
      fires: 0,
    },
    {
      what: '1 of 100 fails, and will have used it up in three days',
      failed: '0+1x90',
      labels: of('availability', 'warning'),
      fires: 1,
    },
    { what: 'none fails', failed: '0x90', labels: 'objective="availability"', fires: 0 },
  ].map(({ failed, ...rest }) => ({
    ...{ alert: AT_RISK, at: '80m', ...rest },
    series: { ...promised(), [requests(200)]: '0+100x90', [requests(500)]: failed },
  })),
  {
    ...{ alert: AT_RISK, what: '2 of 100 fail of a route that promises nothing', at: '80m', fires: 0 },
    series: { ...promised(), [requests(200, '/v1/x')]: '0+100x90', [requests(500, '/v1/x')]: '0+2x90' },
  },
  {
    ...{ alert: AT_RISK, what: 'the only request of the hour failed', at: '80m', fires: 0 },
    series: { ...promised(), [requests(200)]: '0x90', [requests(500)]: '0x70 1x20' },
  },
  {
    ...{ alert: AT_RISK, what: '1 of 100 fails where seven days are promised', at: '80m', fires: 1 },
    ...{ labels: of('availability', 'critical') },
    series: { ...promised(7), [requests(200)]: '0+100x90', [requests(500)]: '0+1x90' },
  },
  ...[
    { what: '20 of 100 are slow', each: 20, fires: 1 },
    { what: '10 of 100 are slow', each: 10, fires: 0 },
  ].map(({ each, ...rest }) => ({
    ...{ alert: AT_RISK, at: '80m', labels: of('latency', 'critical'), ...rest },
    series: { ...promised(), [requests(201)]: '0+100x90', [slow]: `0+${each}x90` },
  })),
  ...[
    { alert: 'EbbDeadLetters', name: relay('ebb_dead_letters'), bad: '1', good: '0' },
    { alert: 'EbbBacklogWaits', name: relay('ebb_backlog_age_seconds', 'kind="event"'), bad: '121', good: '119' },
    { alert: 'EbbHistoryNotMade', name: relay('ebb_history_days_ahead', 'table="outbox"'), bad: '2', good: '3' },
    {
      alert: 'EbbDeliveriesUnaccounted',
      name: relay('ebb_deliveries_unaccounted', 'consumer="a"'),
      bad: '-1',
      good: '0',
    },
    { alert: 'EbbDeliveriesParked', name: relay('ebb_deliveries', 'consumer="a",state="parked"'), bad: '1', good: '0' },
    { alert: 'EbbArchiveOverdue', name: relay('ebb_archive_overdue_days'), bad: '3', good: '2' },
    { alert: 'EbbWebhooksWait', name: relay('ebb_webhook_overdue_seconds'), bad: '61', good: '60' },
    {
      alert: 'EbbChangesNotRead',
      name: relay('ebb_replication_slot_retained_bytes'),
      bad: '536870913',
      good: '536870912',
    },
    { alert: 'EbbChangeTableUnread', name: relay('ebb_change_table_unread', 'table="orders"'), bad: '1', good: '0' },
    {
      alert: 'EbbScheduleOverdue',
      name: relay('ebb_schedule_overdue_seconds', 'schedule="a"'),
      bad: '121',
      good: '120',
    },
    { alert: 'EbbCheckFails', name: relay('ebb_check_failures', 'check="a"'), bad: '2', good: '1' },
    { alert: 'EbbChecksNotMade', name: relay('ebb_check_overdue_seconds', 'check="a"'), bad: '301', good: '300' },
    { alert: 'EbbDatabaseDown', name: relay('ebb_database_up'), bad: '0', good: '1' },
    { alert: 'EbbReplicaAway', name: 'ebb_replica_up{job="default/get-order",instance="a"}', bad: '0', good: '1' },
    { alert: 'EbbContractsDoNotLoad', name: gateway('ebb_contracts_load_failed'), bad: '1', good: '0' },
    { alert: 'EbbBreakerOpen', name: gateway('ebb_breaker_open', 'function="a"'), bad: '1', good: '0' },
  ].flatMap(({ alert, name, bad, good }) => [
    { alert, what: `it is ${bad}`, series: { [name]: `${bad}x120` }, at: '100m', fires: 1 },
    { alert, what: `it is ${good}`, series: { [name]: `${good}x120` }, at: '100m', fires: 0 },
    {
      alert,
      what: `it was ${bad} for a moment`,
      series: { [name]: `${good}x90 ${bad} ${good}x20` },
      at: '93m',
      fires: 0,
    },
  ]),
  ...[
    { what: 'a slot was lost in the last hour', lost: '0x30 1x60', fires: 1 },
    { what: 'one was lost two hours ago', lost: '1x150', fires: 0 },
  ].map(({ what, lost, fires }) => ({
    ...{ alert: 'EbbChangesLost', what, at: '80m', fires },
    series: { [relay('ebb_replication_slot_lost_total')]: lost },
  })),
  ...[
    { what: 'one a minute is forged', outcome: 'forged', each: 1, fires: 1 },
    { what: 'one in five minutes is', outcome: 'forged', each: 0.2, fires: 0 },
    { what: 'what comes is taken', outcome: 'stored', each: 100, fires: 0 },
  ].map(({ what, outcome, each, fires }) => ({
    ...{ alert: 'EbbWebhooksRefused', what, at: '40m', fires },
    series: { [gateway('ebb_webhooks_received_total', `receiver="a",outcome="${outcome}"`)]: `0+${each}x60` },
  })),
  ...[
    { alert: 'EbbGatewayLate', name: gateway('ebb_shed_total', 'what="event_loop"') },
    { alert: 'EbbCacheWithoutRedis', name: gateway('ebb_cache_redis_failures_total') },
    { alert: 'EbbLimitsWithoutRedis', name: gateway('ebb_rate_limiter_fallback_total') },
  ].flatMap(({ alert, name }) => [
    { alert, what: 'it grows', series: { [name]: '0+1x30' }, at: '20m', fires: 1 },
    { alert, what: 'it has grown long ago', series: { [name]: '5x30' }, at: '20m', fires: 0 },
  ]),
  ...[
    { what: '30 of 100 requests to functions wait', cold: 30, fires: 1 },
    { what: '10 of 100 do', cold: 10, fires: 0 },
    { what: '15 of 100 do, of which a half is answered without a function', cold: 15, avoided: 50, fires: 1 },
    { what: 'all of a request a minute do', cold: 1, all: 1, fires: 0 },
  ].map(({ what, cold, avoided = 0, all = 100, fires }) => ({
    ...{ alert: 'EbbColdStarts', what, at: '60m', fires },
    series: {
      [requests(200)]: `0+${all}x60`,
      [gateway('ebb_cold_start_wait_seconds_count', 'function="a"')]: `0+${cold}x60`,
      [gateway('ebb_build_info')]: '1x60',
      ...(avoided ? { [gateway('ebb_wakeups_avoided_total', 'reason="cache"')]: `0+${avoided}x60` } : {}),
    },
  })),
  ...[
    { what: 'a third of all requests is refused', refused: 33, all: 100, fires: 1 },
    { what: 'a tenth is', refused: 10, all: 100, fires: 0 },
    { what: 'all of few are', refused: 2, all: 2, fires: 0 },
  ].map(({ what, refused, all, fires }) => ({
    ...{ alert: 'EbbLimitsRefuse', what, at: '40m', fires },
    series: {
      [requests(429)]: `0+${all}x60`,
      [gateway('ebb_rate_limited_total', 'policy="burst"')]: `0+${refused}x60`,
    },
  })),
  ...[
    { what: 'it fails once a minute', outcome: 'failed', fires: 1 },
    { what: 'it refuses', outcome: 'refused', fires: 0 },
  ].map(({ what, outcome, fires }) => ({
    ...{ alert: 'EbbAuthorizerFails', what, at: '40m', fires },
    series: { [gateway('ebb_authorizer_judgements_total', `authorizer="a",outcome="${outcome}"`)]: '0+1x60' },
  })),
  ...[
    { alert: 'EbbGatewayAbsent', here: gateway('ebb_build_info'), other: relay('ebb_build_info') },
    { alert: 'EbbRelayAbsent', here: relay('ebb_build_info'), other: gateway('ebb_build_info') },
  ].flatMap(({ alert, here, other }) => [
    { alert, what: 'only the others are there', series: { [other]: '1x30' }, at: '20m', fires: 1 },
    { alert, what: 'one is there', series: { [here]: '1x30' }, at: '20m', fires: 0 },
  ]),
  ...[
    { what: 'more is forgotten than found', forgotten: 10, hits: 5, fires: 1 },
    { what: 'more is found than forgotten', forgotten: 5, hits: 10, fires: 0 },
  ].map(({ what, forgotten, hits, fires }) => ({
    ...{ alert: 'EbbCacheTooSmall', what, at: '70m', fires },
    series: {
      [gateway('ebb_cache_evictions_total')]: `0+${forgotten}x90`,
      [gateway('ebb_cache_requests_total', 'route="/v1/x",outcome="hit"')]: `0+${hits}x90`,
    },
  })),
  // Time begins at 0 there: it is a day in seconds after 1970.
  ...[
    { what: 'it expires in four days', days: 4, severity: 'warning', fires: 1 },
    { what: 'it expires in four days', days: 4, severity: 'critical', fires: 0 },
    { what: 'it expires in two days', days: 2, severity: 'critical', fires: 1 },
    { what: 'it expires in twenty days', days: 20, severity: 'warning', fires: 0 },
  ].map(({ what, days, severity, fires }) => ({
    ...{ alert: 'EbbCertificateExpires', what, at: '60m', fires, labels: `severity="${severity}"` },
    series: { [gateway('ebb_tls_certificate_expiry_timestamp_seconds')]: `${days * 86_400}x90` },
  })),
  ...[
    { what: 'a file holds what cannot be used', failures: '0x20 1x20', fires: 1 },
    { what: 'one did so an hour ago', failures: '0x5 1x90', fires: 0 },
  ].map(({ what, failures, fires }) => ({
    ...{ alert: 'EbbSettingNotTaken', what, at: '30m', fires },
    series: { [relay('ebb_setting_reload_failures', 'setting="DATABASE_URL"')]: failures },
  })),
  ...[
    { what: 'a secret was first seen 366 days ago', days: 366, fires: 1 },
    { what: 'it was first seen 364 days ago', days: 364, fires: 0 },
  ].map(({ what, days, fires }) => ({
    ...{ alert: 'EbbSecretOld', what, at: '70m', fires },
    series: {
      [relay('ebb_secret_age_seconds', 'part="gateway",setting="EBB_KEY_PEPPER"')]: `${days * 86_400}x90`,
    },
  })),
]
