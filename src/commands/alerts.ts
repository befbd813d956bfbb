import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import { listAlerts } from '../protocol/admin/alerts.ts'
import { ADMIN_OPTIONS, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const alertsCommand: readonly Form[] = [
  form({
    description: 'List the alerts that fire or are about to, by what the gateway has counted since it started.',
    options: {
      all: { description: 'Those that are silent, too.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['alerts', 'alerts --all --json'],
    run: async (project, { all, ...options }) => {
      const result = await callAdmin(project, listAlerts, {}, options)
      const alerts = result.alerts.filter(({ instances }) => all || instances.length > 0)
      printResult({ ...result, alerts }, toRows, options)
    },
  }),
]

function toRows({ alerts, since }: AdminOutput<typeof listAlerts>): readonly string[] {
  if (alerts.length === 0) return [`No alert since ${since}.`]
  const rows = alerts.flatMap(({ name, severity, state, instances, runbook }) => {
    if (instances.length === 0) return [[state, severity, name, '']]
    return instances.map((instance) => [instance.state, severity, name, `${instance.summary} ${runbook}`])
  })
  return table([['STATE', 'SEVERITY', 'ALERT', 'WHAT'], ...rows])
}
