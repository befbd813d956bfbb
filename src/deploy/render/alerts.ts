import { isAlert, RULES, type Rule } from '../../protocol/alerts/index.ts'
import { type Manifest, yamlFile } from './manifest.ts'

const ABOUT = `The alerts, as the chart gives them to Prometheus. Whoever installs Ebb without Helm can use them, too: $gateway, $relay and
$functions stand for what selects the series of the gateways' and relays' pods, and of functions, $here for what selects the namespace.`

/** charts/ebb/alerts.yaml: all rules, with placeholders for what an installation calls its parts. */
export const chartAlerts = (): string => yamlFile([{ rules: RULES.map(toRule) }], { about: ABOUT })

function toRule(rule: Rule): Manifest {
  if (!isAlert(rule)) return { ...rule }
  const { alert, expr, forMinutes, severity, window, summary, advice, needs } = rule
  return {
    ...{ alert, expr },
    ...(forMinutes ? { for: `${forMinutes}m` } : {}),
    labels: { severity, ...(window ? { window } : {}) },
    annotations: { summary, runbook: advice },
    ...(needs ? { needs } : {}),
  }
}
