import { ConfigError } from '../kernel/index.ts'
import * as endpoints from '../protocol/admin/records.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { contractUsageForm } from './contract-usage.ts'
import { toCsv } from './csv.ts'
import { type Form, form } from './form.ts'

export const usageCommand: readonly Form[] = [
  form({
    description:
      'List what callers have used in a month, by tenant, caller, plan and key. Callers without a plan are not counted.',
    options: {
      month: { value: 'YYYY-MM', read: readMonth, description: 'The month, of UTC. Default: this one.' },
      tenant: { value: 'TENANT', description: 'Only callers of this tenant.' },
      subject: { value: 'SUBJECT', description: 'Only this caller.' },
      key: { value: 'ID', description: 'Only requests with this key.' },
      'by-day': { description: 'A row for each day.' },
      csv: { description: 'Print CSV, for spreadsheets.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['usage --tenant acme', 'usage --month 2026-11 --csv'],
    run: (project, { 'by-day': byDay, ...options }) => listUsage(project, { ...options, byDay }),
  }),
  contractUsageForm,
]

/** Reads a month as its first and its last day. */
function readMonth(text: string): Period {
  const [year, month] = text.split('-').map(Number)
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text) || !year || !month)
    throw new ConfigError('--month must be a month such as 2026-11')
  const last = new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
  return { from: `${text}-01`, to: last }
}

interface Period {
  readonly from: string
  readonly to: string
}

interface ListOptions extends AdminOptions {
  readonly month?: Period | undefined
  readonly tenant?: string | undefined
  readonly subject?: string | undefined
  readonly key?: string | undefined
  readonly byDay: boolean
  readonly csv: boolean
}

async function listUsage(project: string, options: ListOptions) {
  const { month, tenant, subject, key, byDay, csv, json } = options
  if (csv && json) throw new ConfigError('give --csv or --json, not both')
  const { from, to } = month ?? readMonth(new Date().toISOString().slice(0, 7))
  const query = { from, to, tenant, subject, keyId: key, byDay: String(byDay) }
  const found = await callAdmin(project, endpoints.listUsage, { query }, options)
  const rows = found.usage.map((one) => [
    ...(byDay ? [one.day] : []),
    ...[one.tenant, one.subject, one.plan, one.keyId, one.requests, one.refused],
  ])
  const header = [...(byDay ? ['day'] : []), 'tenant', 'subject', 'plan', 'key', 'requests', 'refused']
  // Not by printResult: a cell of a table has no control characters, and one of CSV must stay as it is.
  if (csv) return void process.stdout.write(toCsv([header, ...rows]))
  const lines = [
    header.map((name) => name.toUpperCase()),
    ...rows.map((row) => row.map((value) => String(value ?? '-'))),
  ]
  printResult(found, () => (rows.length > 0 ? table(lines) : [`Nothing was used from ${from} to ${to}.`]), options)
}
