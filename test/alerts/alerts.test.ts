import { expect, it } from '@jest/globals'
import { describeChart, only, PROMETHEUS, renderChart } from '../chart/helm.ts'
import { itWhere } from '../support/requirements.ts'
import { firing, PROMTOOL, type Series, testRules } from './promtool.ts'

const itWithPromtool = itWhere(PROMTOOL ? undefined : 'no promtool on PATH')

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

interface Case {
  readonly alert: string
  readonly what: string
  readonly series: Series
  readonly at: string
  /** How many fire. */
  readonly fires: number
  readonly labels?: string
}

const cases: readonly Case[] = [
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
    { alert: 'EbbLimitsWithoutRedis', name: gateway('ebb_rate_limiter_fallback_total') },
  ].flatMap(({ alert, name }) => [
    { alert, what: 'it grows', series: { [name]: '0+1x30' }, at: '20m', fires: 1 },
    { alert, what: 'it has grown long ago', series: { [name]: '5x30' }, at: '20m', fires: 0 },
  ]),
]

describeChart('the alerts of the chart', () => {
  const rendered = async () =>
    only(await renderChart({}, { apis: [PROMETHEUS] }), 'PrometheusRule', 'ebb-gateway').spec.groups as {
      readonly rules: readonly { readonly alert?: string }[]
    }[]
  let groups: ReturnType<typeof rendered> | undefined
  const rules = () => (groups ??= rendered())

  it('are each shown to fire and to stay silent', async () => {
    const names = (await rules()).flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []))
    const shown = (does: (fires: number) => boolean) =>
      new Set(cases.filter(({ fires }) => does(fires)).map(({ alert }) => alert))
    expect(shown((fires) => fires > 0)).toEqual(new Set(names))
    expect(shown((fires) => fires === 0)).toEqual(new Set(names))
  })

  itWithPromtool('fire, and stay silent, where they must', async () => {
    const tests = cases.map(({ alert, what, series, at, fires, labels }) => ({
      name: `${alert} ${fires ? 'fires' : 'is silent'} where ${what}${labels ? ` (${labels})` : ''}`,
      ...{ series, at, expected: { [firing(alert, labels)]: fires } },
    }))
    await testRules(await rules(), tests)
  })
})
