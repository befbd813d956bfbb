import { type Dashboard, GATEWAY, type Panel, quantile, rate } from './panel.ts'

const REQUESTS = 'http_server_request_duration_seconds'
const OF_ROUTE = `${GATEWAY},route=~"$route"`

const failed = (matchers: string, by: readonly string[] = []) => {
  const per = by.length > 0 ? ` by (${by.join(', ')})` : ''
  return `sum${per} (${rate(`${REQUESTS}_count`, `${matchers},status=~"5.."`)}) / sum${per} (${rate(`${REQUESTS}_count`, matchers)})`
}

/** All routes at a glance: rate, errors, duration, and what needs somebody. */
export const overview = (): Dashboard => ({
  ...{ name: 'red', title: 'Ebb: overview', about: 'Rate, errors and duration of all endpoints, and what waits.' },
  panels: [
    stat('Requests a second', 'All routes together.', `sum(${rate(`${REQUESTS}_count`, GATEWAY)})`, 'reqps'),
    stat('Failed', 'Answers of status 5xx, of all.', failed(GATEWAY), 'percentunit'),
    stat('99 of 100 within', 'At the gateway, cold starts included.', quantile(0.99, REQUESTS, GATEWAY), 's'),
    stat(
      'Functions left asleep',
      'Requests a second that the gateway answered without a function.',
      `sum(${rate('ebb_wakeups_avoided_total', GATEWAY)})`,
      'reqps',
    ),
    stat('Dead letters', 'Deliveries that were given up.', 'max(ebb_dead_letters{namespace="$namespace"})'),
    stat(
      'Alerts',
      'That fire, of all severities.',
      'count(ALERTS{alertname=~"Ebb.*",alertstate="firing"}) or vector(0)',
    ),
    {
      ...{ title: 'Requests by route', about: 'A second.', unit: 'reqps' },
      lines: { '{{method}} {{route}}': `sum by (method, route) (${rate(`${REQUESTS}_count`, GATEWAY)})` },
    },
    {
      ...{ title: 'Errors by route', about: 'The share of answers with status 5xx.', unit: 'percentunit' },
      lines: { '{{method}} {{route}}': `${failed(GATEWAY, ['method', 'route'])} > 0` },
    },
    {
      ...{ title: 'Slowest routes', about: '99 of 100 requests are answered within.', unit: 's' },
      lines: { '{{route}}': `topk(10, ${quantile(0.99, REQUESTS, GATEWAY, ['route'])})` },
    },
    {
      ...{ title: 'Left asleep, by reason', about: 'What the gateway answers by itself.', unit: 'reqps' },
      lines: { '{{reason}}': `sum by (reason) (${rate('ebb_wakeups_avoided_total', GATEWAY)})` },
    },
    {
      ...{ title: 'Revisions that run', about: 'How many gateways and relays run each.' },
      lines: { '{{version}} {{revision}}': 'count by (version, revision) (ebb_build_info{namespace="$namespace"})' },
    },
    {
      ...{ title: 'Objectives at risk', about: 'Alerts of endpoints that break what their contracts promise.' },
      lines: {
        '{{method}} {{route}} {{objective}} {{window}}':
          'ALERTS{alertname="EbbObjectiveAtRisk",namespace="$namespace"}',
      },
    },
  ],
})

/** One endpoint, or several, against what their contracts promise. */
export const endpoint = (routes: readonly string[]): Dashboard => ({
  ...{ name: 'endpoint', title: 'Ebb: one endpoint', about: 'One route by method and status, and its objective.' },
  choices: [{ name: 'route', label: 'Route', values: routes }],
  panels: [
    {
      ...{ title: 'Requests', about: 'A second, by method and status.', unit: 'reqps' },
      lines: { '{{method}} {{status}}': `sum by (method, status) (${rate(`${REQUESTS}_count`, OF_ROUTE)})` },
    },
    {
      ...{ title: 'Errors', about: 'The share of answers with status 5xx.', unit: 'percentunit' },
      lines: { '{{method}} {{route}}': failed(OF_ROUTE, ['method', 'route']) },
    },
    {
      ...{ title: 'Duration', about: 'From the headers at the gateway to the end of the response.', unit: 's' },
      lines: Object.fromEntries(
        [0.5, 0.95, 0.99].map((share) => [`p${share * 100} {{route}}`, quantile(share, REQUESTS, OF_ROUTE, ['route'])]),
      ),
    },
    {
      ...{
        title: 'Slower than promised',
        about: 'The share of requests beyond `latencyMs`, and the share that may be.',
      },
      unit: 'percentunit',
      lines: {
        '{{method}} {{route}}': `sum by (method, route) (${rate('ebb_slow_requests_total', OF_ROUTE)}) / sum by (method, route) (${rate(`${REQUESTS}_count`, OF_ROUTE)})`,
        'allowed {{route}}': `max by (route) (ebb_objective_budget_ratio{${OF_ROUTE},objective="latency"})`,
      },
    },
    {
      title: 'Error budget that is left',
      about: 'Of all days of the objective, by what has failed in them. Needs a Prometheus that keeps so many days.',
      unit: 'percentunit',
      lines: {
        '{{method}} {{route}}': `1 - sum by (method, route) (increase(${REQUESTS}_count{${OF_ROUTE},status=~"5.."}[30d])) / sum by (method, route) (increase(${REQUESTS}_count{${OF_ROUTE}}[30d])) / max by (method, route) (ebb_objective_budget_ratio{${OF_ROUTE},objective="availability"})`,
      },
    },
    {
      ...{ title: 'Answered from the cache', about: 'By what became of requests there.', unit: 'reqps' },
      lines: { '{{outcome}}': `sum by (outcome) (${rate('ebb_cache_requests_total', OF_ROUTE)})` },
    },
  ],
})

const stat = (title: string, about: string, expr: string, unit?: string): Panel => ({
  ...{ type: 'stat', title, about, lines: { '': expr }, ...(unit ? { unit } : {}) },
})
