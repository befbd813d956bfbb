import { type Dashboard, GATEWAY, quantile, RELAY, rate } from './panel.ts'

const WAIT = 'ebb_cold_start_wait_seconds'
const OF_FUNCTION = `${GATEWAY},function=~"$function"`

/** What it costs callers that functions sleep, and where that time goes. */
export const coldStarts = (functions: readonly string[]): Dashboard => ({
  ...{
    name: 'cold-starts',
    title: 'Ebb: cold starts',
    about: 'How often functions start, how long callers wait, and for what.',
  },
  choices: [{ name: 'function', label: 'Function', values: functions }],
  panels: [
    {
      ...{ title: 'Cold starts', about: 'Requests a second that waited for one.', unit: 'reqps' },
      lines: { '{{function}}': `sum by (function) (${rate(`${WAIT}_count`, OF_FUNCTION)})` },
    },
    {
      title: 'Share of requests that waited',
      about: 'Of those that reached a function. EbbColdStarts fires above 20 %.',
      unit: 'percentunit',
      lines: {
        waited: `sum(${rate(`${WAIT}_count`, GATEWAY)}) / (sum(${rate('http_server_request_duration_seconds_count', GATEWAY)}) - sum(${rate('ebb_wakeups_avoided_total', GATEWAY)}))`,
      },
    },
    {
      ...{ title: 'Wait of callers', about: 'Until the response of a function that had to start began.', unit: 's' },
      lines: {
        'p50 {{function}}': quantile(0.5, WAIT, OF_FUNCTION, ['function']),
        'p95 {{function}}': quantile(0.95, WAIT, OF_FUNCTION, ['function']),
      },
    },
    {
      title: 'Parts of a start',
      about: 'From the start of the process on, as functions tell it by OTLP.',
      unit: 's',
      lines: {
        '{{ebb_cold_start_part}}':
          'histogram_quantile(0.5, sum by (le, ebb_cold_start_part) (rate(ebb_cold_start_duration_seconds_bucket[$__rate_interval])))',
      },
    },
    {
      ...{ title: 'Open connections', about: 'Of gateways to functions: with none, nothing runs that was asked.' },
      lines: { '{{function}}': `sum by (function) (ebb_upstream_connections{${OF_FUNCTION}})` },
    },
    {
      ...{ title: 'Requests under way', about: 'With a connection (running), or waiting for one (pending).' },
      lines: { '{{function}} {{state}}': `sum by (function, state) (ebb_upstream_requests{${OF_FUNCTION}})` },
    },
  ],
})

const OF_CONSUMER = `${RELAY},consumer=~"$consumer"`

/** The way of events to their subscribers. Every relay tells the same of what is counted in the database. */
export const events = (consumers: readonly string[]): Dashboard => ({
  ...{ name: 'events', title: 'Ebb: events', about: 'What waits, how late it is, what was given up, and schedules.' },
  choices: [{ name: 'consumer', label: 'Subscriber', values: consumers }],
  panels: [
    {
      ...{ title: 'Waiting', about: 'Calls that wait to be made, those in back-off included.' },
      lines: { '{{kind}}': `max by (kind) (ebb_backlog_size{${RELAY}})` },
    },
    {
      ...{ title: 'Waiting the longest', about: 'For how long what is due has waited.', unit: 's' },
      lines: { '{{consumer}}': `max by (consumer) (ebb_deliveries_overdue_seconds{${OF_CONSUMER}})` },
    },
    {
      ...{ title: 'Deliveries', about: 'That are not over, by state.' },
      lines: { '{{consumer}} {{state}}': `max by (consumer, state) (ebb_deliveries{${OF_CONSUMER}}) > 0` },
    },
    {
      ...{ title: 'Attempts', about: 'A second, by what came of them.', unit: 'cps' },
      lines: {
        '{{consumer}} {{outcome}}': `sum by (consumer, outcome) (${rate('ebb_delivery_attempt_duration_seconds_count', OF_CONSUMER)})`,
      },
    },
    {
      ...{ title: 'From emit to the first attempt', about: '95 of 100 events.', unit: 's' },
      lines: { '{{consumer}}': quantile(0.95, 'ebb_delivery_first_attempt_seconds', OF_CONSUMER, ['consumer']) },
    },
    {
      ...{ title: 'Duration of attempts', about: '95 of 100 calls of a subscriber.', unit: 's' },
      lines: { '{{consumer}}': quantile(0.95, 'ebb_delivery_attempt_duration_seconds', OF_CONSUMER, ['consumer']) },
    },
    {
      ...{ title: 'Schedules that are late', about: 'For how long each should have fired already.', unit: 's' },
      lines: { '{{schedule}}': `min by (schedule) (ebb_schedule_overdue_seconds{${RELAY}}) > 0` },
    },
    {
      ...{ title: "Messages to customers' webhooks", about: 'Those that wait to be sent.' },
      lines: { waiting: `max(ebb_webhook_messages_waiting{${RELAY}})` },
    },
    {
      ...{ title: "The database's log for changes", about: 'What is kept since no relay has read it.', unit: 'bytes' },
      lines: { kept: `max(ebb_replication_slot_retained_bytes{${RELAY}})` },
    },
    {
      ...{
        title: 'Parts of the history that are ready',
        about: 'Days ahead, by table. EbbHistoryNotMade fires below 3.',
      },
      lines: { '{{table}}': `min by (table) (ebb_history_days_ahead{${RELAY}})` },
    },
  ],
})
