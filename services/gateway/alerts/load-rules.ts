import { isAlert, RULES, type Rule } from '../../../src/protocol/alerts/index.ts'
import { type Expression, parsePromql } from './parse-promql.ts'

/** A rule that can be evaluated. */
export interface LoadedRule {
  readonly rule: Rule
  readonly expression: Expression
  /** Whose metrics it needs and this gateway has not. */
  readonly unseen: boolean
}

/** The rules for one installation; `selectors` says what their placeholders stand for, and nothing where those are not seen. */
export function loadRules(selectors: Readonly<Record<string, string | undefined>>, rules: readonly Rule[] = RULES) {
  const loaded = rules.map((rule): LoadedRule => {
    const unseen = placeholdersOf(rule).some((name) => selectors[name] === undefined)
    const text = rule.expr.replaceAll(PLACEHOLDER, (name) => selectors[name] ?? 'job="unseen"')
    return { rule, expression: parsePromql(text), unseen }
  })
  const recorded = new Set(rules.flatMap((rule) => (isAlert(rule) ? [] : rule.record)))
  const metrics = loaded.flatMap(({ expression }) => metricsOf(expression)).filter((name) => !recorded.has(name))
  return { rules: loaded, metrics: new Set(metrics) }
}

const PLACEHOLDER = /\$(gateway|relay|functions|here)\b/g
const placeholdersOf = ({ expr }: Rule) => expr.match(PLACEHOLDER) ?? []

/** The metrics that an expression reads. */
function metricsOf(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case 'number':
      return []
    case 'selector':
      return [expression.metric]
    case 'aggregate':
      return metricsOf(expression.of)
    case 'binary':
      return [...metricsOf(expression.left), ...metricsOf(expression.right)]
    case 'call':
      return expression.args.flatMap(metricsOf)
  }
}
