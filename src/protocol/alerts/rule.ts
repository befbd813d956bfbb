/** A result that later rules use by its name, as Prometheus records it. */
export interface RecordingRule {
  readonly record: string
  readonly labels?: Readonly<Record<string, string>>
  /** PromQL, as an alert's. */
  readonly expr: string
}

/** An alert as data: what the chart gives to Prometheus, and what a gateway evaluates by itself. */
export interface AlertRule {
  readonly alert: string
  readonly severity: Severity
  /** Told apart by this where several have one name. */
  readonly window?: string
  /**
   * PromQL. `$gateway` and `$relay` stand for what selects the series of an installation's gateways and relays, `$functions` for those
   * of its functions, and `$here` for its namespace.
   */
  readonly expr: string
  /** How long it must hold before the alert fires. Default: it fires at once. */
  readonly forMinutes?: number
  /** One sentence about what is wrong, with Prometheus' `{{ $value }}` and `{{ $labels.name }}` in it. */
  readonly summary: string
  /** What to do first, in one or two sentences; docs/runbooks has the rest. */
  readonly advice: string
  /** Without this part of an installation there is nothing to tell. */
  readonly needs?: 'redis'
}

export type Severity = 'critical' | 'warning' | 'info'
export type Rule = RecordingRule | AlertRule

export const isAlert = (rule: Rule): rule is AlertRule => 'alert' in rule
