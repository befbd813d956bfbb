import { expect, it } from '@jest/globals'
import { createAlertStates } from '../../services/gateway/alerts/alert-states.ts'
import { loadRules } from '../../services/gateway/alerts/load-rules.ts'
import { createSeriesStore, type Sample } from '../../services/gateway/alerts/series-store.ts'
import { CASES, type Case } from './cases.ts'

const { rules } = loadRules({
  $gateway: 'namespace="default",pod=~"ebb-gateway-.*"',
  $relay: 'namespace="default",pod=~"ebb-relay-.*"',
  $functions: 'job=~"default/.+"',
  $here: 'namespace="default"',
})

/** promtool's notation: `0+2x3` is 0, 2, 4, 6, and `5x1` is 5, 5. */
const valuesOf = (notation: string): readonly number[] =>
  notation.split(' ').flatMap((part) => {
    const [, first, step = '0', times = '0'] = /^(-?[\d.]+)([+-][\d.]+)?(?:x(\d+))?$/.exec(part) ?? []
    return Array.from({ length: Number(times) + 1 }, (_, i) => Number(first) + i * Number(step))
  })

/** How many alerts fire in a gateway that measures these series each minute. */
function countFiring({ alert, series, at, labels = '' }: Case): number {
  const named = Object.entries(series).map(([name, notation]) => ({ ...seriesOf(name), values: valuesOf(notation) }))
  const states = createAlertStates(rules, createSeriesStore())
  let last = states.step([], -60_000)
  for (let minute = 0; minute <= Number.parseInt(at, 10); minute++) {
    const samples = named.flatMap(({ values, ...of }): readonly Sample[] => {
      const value = values[minute]
      return value === undefined ? [] : [{ ...of, value }]
    })
    last = states.step(samples, minute * 60_000)
  }
  const wanted = labelsOf(labels)
  return last.flatMap(({ rule, instances = [] }) => {
    if (rule.alert !== alert) return []
    return instances.filter(({ state, ...instance }) => {
      const all: Readonly<Record<string, unknown>> = { ...instance.labels, severity: rule.severity }
      return state === 'firing' && Object.entries(wanted).every(([label, value]) => all[label] === value)
    })
  }).length
}

function seriesOf(name: string): Pick<Sample, 'metric' | 'labels'> {
  const [metric = '', labels = ''] = name.split(/[{}]/)
  return { metric, labels: labelsOf(labels) }
}

const labelsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from(text.matchAll(/(\w+)="([^"]*)"/g), ([, label = '', value = '']) => [label, value]))

it.each(CASES.map((each) => [`${each.alert} ${each.fires ? 'fires' : 'is silent'} where ${each.what}`, each] as const))(
  'in a gateway %s',
  (_, each) => {
    expect(countFiring(each)).toBe(each.fires)
  },
)
