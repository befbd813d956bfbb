import type { AlertRule, Rule } from './rule.ts'

const certificateExpires = (days: number, severity: AlertRule['severity']): AlertRule => ({
  ...{ alert: 'EbbCertificateExpires', severity, forMinutes: 15 },
  expr: `min by (namespace) (ebb_tls_certificate_expiry_timestamp_seconds{$gateway}) - time() < ${days} * 86400`,
  summary: 'The certificate with which gateways speak https expires in {{ $value | humanizeDuration }}.',
  advice: 'Renew it, and replace the Secret that the chart names (gateway.tls.existingSecret): gateways read it again.',
})

/** Certificates, secrets and settings that are replaced while everything runs. */
export const SECRET_RULES: readonly Rule[] = [
  certificateExpires(14, 'warning'),
  certificateExpires(3, 'critical'),
  {
    ...{ alert: 'EbbSettingNotTaken', severity: 'warning' },
    expr: 'sum by (namespace, pod, setting) (increase(ebb_setting_reload_failures{$here}[15m])) > 0',
    summary: '{{ $labels.pod }} cannot use the new value of {{ $labels.setting }}, and goes on with the one before.',
    advice: 'Its log says why, without the value. Mount what can be used: it is read again within a minute.',
  },
  {
    ...{ alert: 'EbbSecretOld', severity: 'warning', forMinutes: 60 },
    expr: 'max by (namespace, part, setting) (ebb_secret_age_seconds{$relay}) > 365 * 86400',
    summary:
      'Nobody has replaced the {{ $labels.setting }} of the {{ $labels.part }} for {{ $value | humanizeDuration }}.',
    advice: 'Replace it: docs/guide/24-secrets.md says how for each, without a request that fails.',
  },
]
