import { ConfigError } from '../kernel/index.ts'
import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import { readCost, readWhatIf } from '../protocol/admin/cost.ts'
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
      'what-if': {
        value: 'NAME=VALUE',
        repeated: true,
        read: readChange,
        description:
          'What the recorded calls would have cost, and taken, with another contract: scale.min=1, scale.concurrency=10, scale.warm=08:00-18:00 (UTC), cache.maxAgeSeconds=60.',
      },
      function: { value: 'NAME', completes: 'function', description: 'The function that --what-if is about.' },
      csv: { description: 'Print CSV, for spreadsheets.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['cost --last 24h', 'cost --last 7d --by tenant --csv', 'cost --function get-order --what-if scale.min=1'],
    run: (project, { 'what-if': changes, function: name, ...options }) =>
      changes.length > 0 ? printWhatIf(project, { ...options, changes, name }) : printCost(project, options),
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

/** The parts of a contract that may be otherwise, by what the admin API calls them. */
const CHANGES: Readonly<Record<string, string>> = {
  ...{ 'scale.min': 'min', 'scale.concurrency': 'concurrency', 'scale.warm': 'warm' },
  'cache.maxAgeSeconds': 'maxAgeSeconds',
}

/** Reads such as scale.min=1. What its value may be, the admin API says. */
function readChange(text: string): readonly [name: string, value: string] {
  const [name = '', value = ''] = text.split('=', 2)
  const parameter = CHANGES[name]
  if (parameter === undefined || value === '')
    throw new ConfigError(`--what-if must be one of ${Object.keys(CHANGES).join(', ')}, with = and a value`)
  return [parameter, value]
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

interface WhatIfOptions extends CostOptions {
  readonly changes: readonly (readonly [name: string, value: string])[]
  readonly name: string | undefined
}

async function printWhatIf(project: string, { changes, name, last = readLast('7d'), csv, ...options }: WhatIfOptions) {
  if (name === undefined) throw new ConfigError('give --function, the one that --what-if is about')
  if (csv) throw new ConfigError('--csv prints no --what-if; give --json')
  const query = { ...Object.fromEntries(changes), function: name, from: new Date(Date.now() - last).toISOString() }
  const answer = await callAdmin(project, readWhatIf, { query }, options)
  const round = (value: number | null) => (value === null ? '-' : value.toFixed(value < 10 ? 1 : 0))
  const row = (what: string, of: (typeof answer)['changed']) => [
    ...[what, round(of.calls), round(of.coldStarts), round(of.instanceSeconds), formatAmount(of.cost)],
    ...[round(of.p50Ms), round(of.p99Ms)],
  ]
  const rows = [
    ['', 'CALLS', 'STARTS', 'INSTANCES (S)', 'COST', 'P50 (MS)', 'P99 (MS)'],
    row('recorded', answer.recorded),
    row('simulated', answer.simulated),
    row('changed', answer.changed),
  ]
  const fitted = `idle instances run for ${round(answer.idleSeconds)} s, by what was recorded`
  printResult(answer, () => [...table(rows), '', `${answer.currency ?? 'no prices'}; ${fitted}`], options)
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
