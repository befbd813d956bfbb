import { type Dashboard, RELAY } from './panel.ts'

const OF_PART = `${RELAY},part=~"$function|gateway|relay"`

/** Growth of a total that every relay tells alike. */
const growth = (metric: string, by: string, window: string) =>
  `max by (${by}) (increase(${metric}{${OF_PART}}[${window}]))`

/** What runs for how long, what for, and what that costs by the prices of domain/prices.ts. */
export const cost = (functions: readonly string[]): Dashboard => ({
  ...{
    name: 'cost',
    title: 'Ebb: cost',
    about: 'Time and money by part and state; `ebb cost` has it by endpoint and caller.',
  },
  choices: [{ name: 'function', label: 'Function', values: functions }],
  panels: [
    {
      ...{ title: 'Cost of a day', about: 'In the currency of domain/prices.ts: the last 24 hours.' },
      lines: {
        '{{kind}} {{part}} {{currency}}': `sum by (kind, part, currency) (${growth('ebb_cost_total', 'kind, part, state, currency', '1d')})`,
      },
    },
    {
      ...{
        title: 'Cost of idle time',
        about: 'Its share of all: what warm instances and slow ends cost.',
        unit: 'percentunit',
      },
      lines: {
        '{{part}}': `max by (part) (increase(ebb_cost_total{${OF_PART},state="idle"}[1d])) / sum by (part) (${growth('ebb_cost_total', 'part, state', '1d')})`,
      },
    },
    {
      ...{ title: 'Time by state', about: 'Seconds of all instances in a second: how many run at a time.' },
      lines: { '{{part}} {{state}}': `max by (part, state) (rate(ebb_instance_seconds_total{${OF_PART}}[5m]))` },
    },
    {
      ...{
        title: 'Functions left asleep',
        about: 'Requests a second that cost no instance, by reason.',
        unit: 'reqps',
      },
      lines: {
        '{{reason}}': 'sum by (reason) (rate(ebb_wakeups_avoided_total{namespace="$namespace"}[$__rate_interval]))',
      },
    },
  ],
})
