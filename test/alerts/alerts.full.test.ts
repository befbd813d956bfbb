import { expect, it } from '@jest/globals'
import { describeChart, only, PROMETHEUS, renderChart } from '../chart/helm.ts'
import { itWhere } from '../support/requirements.ts'
import { CASES } from './cases.ts'
import { firing, PROMTOOL, testRules } from './promtool.ts'

const itWithPromtool = itWhere(PROMTOOL ? undefined : 'no promtool on PATH')

interface PrometheusRule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
}

/** An alert's rules with what they use of others: promtool evaluates all that it gets, for each minute of each case. */
function rulesOf(alert: string, rules: readonly PrometheusRule[]): readonly PrometheusRule[] {
  const needed = new Set<PrometheusRule>()
  const need = (rule: PrometheusRule) => {
    if (needed.has(rule)) return
    needed.add(rule)
    for (const other of rules) if (other.record && rule.expr.includes(other.record)) need(other)
  }
  rules.filter((rule) => rule.alert === alert).forEach(need)
  return rules.filter((rule) => needed.has(rule))
}

describeChart('the alerts of the chart', () => {
  const rendered = async () => {
    const { spec } = only(await renderChart({}, { apis: [PROMETHEUS] }), 'PrometheusRule', 'ebb-gateway')
    const [{ rules } = { rules: [] }] = spec.groups as { readonly rules: readonly PrometheusRule[] }[]
    return rules
  }
  let found: ReturnType<typeof rendered> | undefined
  const rules = () => (found ??= rendered())

  it('are each shown to fire and to stay silent', async () => {
    const names = (await rules()).flatMap(({ alert }) => alert ?? [])
    const shown = (does: (fires: number) => boolean) =>
      new Set(CASES.filter(({ fires }) => does(fires)).map(({ alert }) => alert))
    expect(shown((fires) => fires > 0)).toEqual(new Set(names))
    expect(shown((fires) => fires === 0)).toEqual(new Set(names))
  })

  itWithPromtool('fire, and stay silent, where they must', async () => {
    const all = await rules()
    const byAlert = Map.groupBy(CASES, ({ alert }) => alert)
    await testRules(
      Array.from(byAlert, ([alert, cases]) => ({
        rules: rulesOf(alert, all),
        tests: cases.map(({ what, series, at, fires, labels }) => ({
          name: `${alert} ${fires ? 'fires' : 'is silent'} where ${what}${labels ? ` (${labels})` : ''}`,
          ...{ series, at, expected: { [firing(alert, labels)]: fires } },
        })),
      })),
    )
  })
})
