import { ConfigError } from '../kernel/index.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import { readCost } from '../protocol/admin/cost.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { toCsv } from './csv.ts'
import { type Form, form } from './form.ts'

export const costCommand: readonly Form[] = [
  form({
    description:
      'Price what functions have used by domain/prices.ts: busy, starting, idle and warm instances, requests, traffic, and their shares of gateways, relays and the database.',
    options: {
      last: { value: 'TIME', read: readLast, description: 'How far back: 24h or 7d, up to 92d. Default: 7d.' },
      by: {
        value: 'WHAT',
        choices: ['function', 'plan', 'tenant'],
        description: 'What a row is for: a function, a plan, or a tenant. Default: function.',
      },
      csv: { description: 'Print CSV, for spreadsheets.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['cost --last 24h', 'cost --last 7d --by tenant --csv'],
    run: (project, options) => printCost(project, options),
  }),
]

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 }
const MAX_MS = 92 * 86_400_000

/** Reads a time such as 7d as milliseconds. */
function readLast(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,3})([hd])$/.exec(text) ?? []
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN)
  if (!(ms <= MAX_MS)) throw new ConfigError('--last must be hours or days such as 24h or 7d, up to 92d')
  return ms
}

interface CostOptions extends AdminOptions {
  readonly last: number | undefined
  readonly by: string | undefined
  readonly csv: boolean
}

type Cost = AdminOutput<typeof readCost>
type Cell = string | number | null

async function printCost(project: string, { last = readLast('7d'), by = 'function', csv, ...options }: CostOptions) {
  if (csv && options.json) throw new ConfigError('give --csv or --json, not both')
  const query = { from: new Date(Date.now() - last).toISOString() }
  const cost = await callAdmin(project, readCost, { query }, options)
  if (csv) return void process.stdout.write(toCsv(rowsFor(cost, by)))
  printResult(cost, () => [...table(rowsOf(cost, by)), '', ...summary(cost)], options)
}

const NAMES = ['requests', 'calls', 'cold_starts', 'busy_s', 'starting_s', 'idle_s', 'warm_s', 'cost', 'saved']
const CALLERS = ['requests', 'calls', 'busy_s', 'bytes', 'cost']

/** With the names of the columns first; nothing is rounded, for programs. */
function rowsFor(cost: Cost, by: string): readonly (readonly Cell[])[] {
  const { currency } = cost
  if (by === 'function') {
    const rows = cost.functions.map(({ name, requests, calls, coldStarts, seconds, cost: { total }, saved }) => [
      ...[name, requests, calls, coldStarts, seconds.busy, seconds.starting, seconds.idle, seconds.warm, total, saved],
      currency,
    ])
    return [['function', ...NAMES, 'currency'], ...rows]
  }
  const callers =
    by === 'plan'
      ? cost.plans.map(({ plan, ...caller }) => ({ who: plan, ...caller }))
      : cost.tenants.map(({ tenant, ...caller }) => ({ who: tenant, ...caller }))
  const rows = callers.map(({ who, requests, calls, busySeconds, bytes, cost: amount }) => [
    ...[who, requests, calls, busySeconds, bytes, amount],
    currency,
  ])
  return [[by, ...CALLERS, 'currency'], ...rows]
}

const ROUNDED = /_s$/
const AMOUNTS = ['cost', 'saved']

/** The same for people: rounded, and without the currency, which the summary has. */
function rowsOf(cost: Cost, by: string): readonly (readonly string[])[] {
  const [header = [], ...rows] = rowsFor(cost, by)
  const names = header.slice(0, -1).map(String)
  const show = (name: string, value: Cell | undefined) =>
    typeof value !== 'number'
      ? (value ?? '-')
      : AMOUNTS.includes(name)
        ? formatAmount(value)
        : ROUNDED.test(name)
          ? value.toFixed(1)
          : String(value)
  return [
    names.map((name) => name.toUpperCase().replace(ROUNDED_UPPER, ' (S)').replaceAll('_', ' ')),
    ...rows.map((row) => names.map((name, i) => show(name, row[i]))),
  ]
}
const ROUNDED_UPPER = /_S$/

/** Small amounts keep the digits that say something. */
const formatAmount = (amount: number | null) =>
  amount === null ? '-' : amount === 0 || amount >= 1 ? amount.toFixed(2) : amount.toPrecision(2)

function summary(cost: Cost): readonly string[] {
  const { currency, services, databaseCost, unused, from, to } = cost
  const period = `from ${from} to ${to}`
  if (currency === null) return [`Nothing has a price ${period}: declare prices in domain/prices.ts.`]
  const [gateway, relay] = services.map((service) => formatAmount(service.cost))
  const saved = cost.functions.reduce((total, one) => total + (one.saved ?? 0), 0)
  return [
    `${formatAmount(cost.cost)} ${currency} ${period}`,
    `of it gateways ${gateway}, relays ${relay}, database ${formatAmount(databaseCost)}, unused instances ${formatAmount(unused)}`,
    `requests that the gateway answered itself saved ${formatAmount(saved)}`,
  ]
}
