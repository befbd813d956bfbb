import { listAlerts } from '../../../src/protocol/admin/alerts.ts'
import { runbookOf } from '../../../src/protocol/alerts/index.ts'
import type { AlertState } from '../alerts/alert-states.ts'
import type { AlertsWatch } from '../alerts/watch-alerts.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface AlertsOptions {
  readonly alerts: Pick<AlertsWatch, 'read'>
}

const MAX_INSTANCES = 100

export const alertsOperations = ({ alerts }: AlertsOptions): readonly AdminOperation[] => [
  operation(listAlerts, async () => {
    const { evaluatedAtMs, sinceMs, states } = await alerts.read()
    return { evaluatedAt: toTime(evaluatedAtMs), since: toTime(sinceMs), alerts: states.map(toAlert) }
  }),
]

const toTime = (ms: number) => new Date(ms).toISOString()

function toAlert({ rule, instances }: AlertState) {
  const { alert, severity, window, expr, forMinutes = 0, advice } = rule
  return {
    ...{ name: alert, severity, ...(window ? { window } : {}) },
    state: stateOf(instances),
    ...{ forSeconds: forMinutes * 60, expression: expr, advice, runbook: runbookOf(alert) },
    instances: (instances ?? [])
      .slice(0, MAX_INSTANCES)
      .map(({ sinceMs, state, value, labels, summary }) => ({ state, since: toTime(sinceMs), value, labels, summary })),
  }
}

function stateOf(instances: AlertState['instances']): 'firing' | 'pending' | 'inactive' | 'unknown' {
  if (!instances) return 'unknown'
  if (instances.some(({ state }) => state === 'firing')) return 'firing'
  return instances.length > 0 ? 'pending' : 'inactive'
}
