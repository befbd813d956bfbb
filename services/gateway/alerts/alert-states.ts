import { type AlertRule, isAlert } from '../../../src/protocol/alerts/index.ts'
import { evaluate } from './evaluate-promql.ts'
import { fillSummary } from './fill-summary.ts'
import type { LoadedRule } from './load-rules.ts'
import type { Element, Vector } from './match-vectors.ts'
import type { createSeriesStore, Labels, Sample } from './series-store.ts'

/** One thing that an alert is about. */
export interface AlertInstance {
  readonly state: 'firing' | 'pending'
  readonly sinceMs: number
  readonly labels: Labels
  readonly value: number
  readonly summary: string
}

export interface AlertState {
  readonly rule: AlertRule
  /** Undefined where it needs metrics that are not seen here. */
  readonly instances: readonly AlertInstance[] | undefined
}

type Store = ReturnType<typeof createSeriesStore>

/** Evaluates rules over what is measured, time after time, and remembers since when each alert's condition holds. */
export function createAlertStates(rules: readonly LoadedRule[], store: Store) {
  let since = new Map<string, number>()
  return {
    /** Records what was measured now, and says how all alerts are. */
    step(samples: readonly Sample[], atMs: number): readonly AlertState[] {
      store.record(samples, atMs)
      const holding = new Map<string, number>()
      const states = rules.flatMap(({ rule, expression, unseen }, i): readonly AlertState[] => {
        if (isAlert(rule) && unseen) return [{ rule, instances: undefined }]
        const value = evaluate(expression, { series: store, atMs })
        if (typeof value === 'number') throw new Error(`${rule.expr} is a number`)
        if (isAlert(rule)) return [{ rule, instances: value.map((element) => toInstance(rule, i, element)) }]
        store.derive(toSamples(rule, value), atMs)
        return []
      })
      since = holding
      return states

      function toInstance(rule: AlertRule, i: number, element: Element): AlertInstance {
        const key = `${i} ${JSON.stringify(Object.entries(element.labels).sort())}`
        const sinceMs = since.get(key) ?? atMs
        holding.set(key, sinceMs)
        const isFiring = atMs - sinceMs >= (rule.forMinutes ?? 0) * 60_000
        return {
          ...element,
          sinceMs,
          state: isFiring ? 'firing' : 'pending',
          summary: fillSummary(rule.summary, element),
        }
      }
    },
  }
}

const toSamples = (rule: { readonly record: string; readonly labels?: Labels }, value: Vector): readonly Sample[] =>
  value.map((element) => ({ metric: rule.record, labels: { ...element.labels, ...rule.labels }, value: element.value }))
