import { type Dashboard, GATEWAY, rate } from './panel.ts'

/** What keeps requests from functions, and functions from requests. */
export const gateway = (): Dashboard => ({
  ...{ name: 'gateway', title: 'Ebb: gateway', about: 'Cache, limits, breakers, load and settings of gateways.' },
  panels: [
    {
      ...{ title: 'Answered from the cache', about: 'Requests to routes with a cache, by what became of them.' },
      unit: 'reqps',
      lines: { '{{outcome}}': `sum by (outcome) (${rate('ebb_cache_requests_total', GATEWAY)})` },
    },
    {
      ...{ title: 'Size of the cache', about: 'Of all gateways, of EBB_CACHE_BYTES each.', unit: 'bytes' },
      lines: { '{{pod}}': `ebb_cache_bytes{${GATEWAY}}` },
    },
    {
      ...{
        title: 'Forgotten and purged',
        about: 'Responses that had no room, and purges by what they name.',
        unit: 'cps',
      },
      lines: {
        forgotten: `sum(${rate('ebb_cache_evictions_total', GATEWAY)})`,
        'purged {{kind}}': `sum by (kind) (${rate('ebb_cache_purges_total', GATEWAY)})`,
      },
    },
    {
      ...{ title: 'Without Redis', about: 'Limits that each gateway decides by its own share, and calls that failed.' },
      unit: 'cps',
      lines: {
        limits: `sum(${rate('ebb_rate_limiter_fallback_total', GATEWAY)})`,
        cache: `sum(${rate('ebb_cache_redis_failures_total', GATEWAY)})`,
      },
    },
    {
      ...{ title: 'Refused by a limit', about: 'By which: of the route, of the plan, of an address.', unit: 'reqps' },
      lines: { '{{policy}}': `sum by (policy) (${rate('ebb_rate_limited_total', GATEWAY)})` },
    },
    {
      ...{ title: 'Refused or dropped for want of room', about: 'By what there was too much of.', unit: 'cps' },
      lines: { '{{what}}': `sum by (what) (${rate('ebb_shed_total', GATEWAY)})` },
    },
    {
      ...{ title: 'Answers of authorizers', about: 'Asked (allowed, refused, failed), or kept.', unit: 'reqps' },
      lines: {
        '{{authorizer}} {{outcome}}': `sum by (authorizer, outcome) (${rate('ebb_authorizer_judgements_total', GATEWAY)})`,
      },
    },
    {
      ...{ title: 'Circuit breakers', about: '1 where a function is not called, 0.5 where it is tried.' },
      lines: { '{{function}}': `avg by (function) (ebb_breaker_open{${GATEWAY}}) > 0` },
    },
    {
      ...{ title: 'Calls that broke', about: 'And were made again, or not.', unit: 'cps' },
      lines: {
        '{{function}} {{outcome}}': `sum by (function, outcome) (${rate('ebb_upstream_retries_total', GATEWAY)})`,
      },
    },
    {
      ...{ title: 'Webhooks that came in', about: 'By receiver, and what became of them.', unit: 'cps' },
      lines: {
        '{{receiver}} {{outcome}}': `sum by (receiver, outcome) (${rate('ebb_webhooks_received_total', GATEWAY)})`,
      },
    },
    {
      ...{ title: 'Lag of the event loop', about: '99 of 100 turns are late by at most.', unit: 's' },
      lines: { '{{pod}}': `nodejs_eventloop_lag_p99_seconds{${GATEWAY}}` },
    },
    {
      ...{ title: 'Memory', about: 'Of each gateway.', unit: 'bytes' },
      lines: { '{{pod}}': `process_resident_memory_bytes{${GATEWAY}}` },
    },
    {
      ...{ title: 'Age of the contracts', about: 'Since when each gateway has those that it serves by.', unit: 's' },
      lines: { '{{pod}}': `time() - ebb_contracts_loaded_timestamp_seconds{${GATEWAY}}` },
    },
    {
      ...{ title: 'Certificate', about: 'For how long it is valid, where gateways speak https.', unit: 's' },
      lines: { left: `min(ebb_tls_certificate_expiry_timestamp_seconds{${GATEWAY}}) - time()` },
    },
  ],
})
