import { ConfigError } from '../kernel/index.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import { showContractUsage } from '../protocol/admin/contract-usage.ts'
import { ADMIN_OPTIONS, callAdmin, printResult, table } from './admin-client.ts'
import { form } from './form.ts'

type Usage = AdminOutput<typeof showContractUsage>
type Endpoint = Usage['endpoints'][number]

/** `ebb usage contracts`. */
export const contractUsageForm = form({
  word: 'contracts',
  description: 'List by whom endpoints are called, and with which of their optional fields: what may be removed.',
  options: {
    days: { value: 'DAYS', read: readDays, description: 'The last days, today included: 1 to 90. Default: 30.' },
    endpoint: { value: 'NAME', description: 'Only this endpoint, with its fields.' },
    deprecated: { description: 'Only endpoints that are deprecated.' },
    unused: { description: 'Only what nobody has called or sent.' },
    ...ADMIN_OPTIONS,
  },
  examples: ['usage contracts --deprecated', 'usage contracts --endpoint list-orders --days 90'],
  run: async (project, { days = 30, endpoint, deprecated, unused, ...options }) => {
    const query = { days: String(days), endpoint, deprecated: String(deprecated) }
    const usage = await callAdmin(project, showContractUsage, { query }, options)
    const toLines = (found: Usage) => {
      if (unused) return toUnused(found)
      const rows = toRows(found, endpoint !== undefined)
      return deprecated ? [...rows, '', ...toVerdicts(found)] : rows
    }
    printResult(usage, toLines, options)
  },
})

function readDays(text: string): number {
  const days = Number(text)
  if (Number.isInteger(days) && days >= 1 && days <= 90) return days
  throw new ConfigError('--days must be 1 to 90')
}

/** A row for each caller of each endpoint, and where one endpoint was asked for, for each of its fields. */
function toRows({ endpoints, days }: Usage, withFields: boolean): readonly string[] {
  const rows = endpoints.flatMap((endpoint) =>
    endpoint.callers.map(({ kind, caller, tenant, version, requests, lastAt }) => [
      ...[nameOf(endpoint), kind, caller, tenant ?? '-', version || '-', String(requests), lastAt],
    ]),
  )
  if (rows.length === 0) return [`Nobody has called ${withFields ? 'it' : 'anything'} in ${days} days.`]
  const callers = table([['ENDPOINT', 'BY', 'CALLER', 'TENANT', 'VERSION', 'REQUESTS', 'LAST'], ...rows])
  const fields = endpoints.flatMap((one) =>
    one.fields.map(({ field, requests, callers }) => [field, String(requests), String(callers)]),
  )
  if (!withFields || fields.length === 0) return callers
  return [...callers, '', ...table([['OPTIONAL FIELD', 'REQUESTS', 'CALLERS'], ...fields])]
}

/** Of each deprecated endpoint, whether it may go. */
const toVerdicts = ({ endpoints, days }: Usage, today = new Date().toISOString().slice(0, 10)): readonly string[] =>
  endpoints.flatMap(({ name, deprecated, callers }) => {
    if (!deprecated) return []
    const { sunset } = deprecated
    const called = `${describeCallers(callers.length)} called it in ${days} days`
    if (sunset === undefined) return [`${name}: ${called}; callers were told no day: give \`deprecated\` a \`sunset\``]
    if (sunset > today) return [`${name}: may go on ${sunset}; ${called}`]
    return [callers.length === 0 ? `${name}: may go: ${called}` : `${name}: could go since ${sunset}, but ${called}`]
  })

function describeCallers(count: number): string {
  if (count === 0) return 'nobody has'
  return count === 1 ? '1 caller has' : `${count} callers have`
}

function toUnused({ endpoints, days }: Usage): readonly string[] {
  const lines = endpoints.flatMap((endpoint) =>
    endpoint.requests === 0
      ? [`${endpoint.name}: nobody has called ${endpoint.method} ${endpoint.path}`]
      : endpoint.fields
          .filter(({ requests }) => requests === 0)
          .map(({ field }) => `${endpoint.name}: nobody has sent ${field}`),
  )
  return lines.length > 0 ? lines : [`All of it was used in ${days} days.`]
}

const nameOf = ({ name, deprecated }: Endpoint) =>
  deprecated ? `${name} (until ${deprecated.sunset ?? 'some day'})` : name
