import type { AdminEndpoint, AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import { listAlerts } from '../../src/protocol/admin/alerts.ts'
import { listBreakers, listFunctions } from '../../src/protocol/admin/gateway.ts'
import { listRequests, type SeenRequest, showTraffic, type Traffic } from '../../src/protocol/admin/requests.ts'
import { listGateways } from '../../src/protocol/admin/settings.ts'
import { explainId } from '../../src/protocol/admin/traces.ts'
import { joinStories } from './join-stories.ts'

/** An endpoint of which each gateway knows its own part, and how the parts make a whole. */
export interface Joined {
  readonly endpoint: AdminEndpoint
  readonly join: (parts: readonly unknown[], query: URLSearchParams) => unknown
}

const joined = <E extends AdminEndpoint>(
  endpoint: E,
  join: (parts: readonly AdminOutput<E>[], query: URLSearchParams) => AdminOutput<E>,
): Joined =>
  // Gateways of this very version reply with what the endpoint says; others were read as far as they do.
  ({ endpoint, join: join as Joined['join'] })

export const JOINED: readonly Joined[] = [
  joined(listGateways, (parts) => ({ gateways: parts.flatMap(({ gateways }) => gateways) })),
  joined(listRequests, (parts, query) => joinRequests(parts, Number(query.get('limit') ?? 50))),
  joined(showTraffic, joinTraffic),
  joined(listFunctions, joinFunctions),
  joined(listBreakers, joinBreakers),
  joined(listAlerts, joinAlerts),
  joined(explainId, joinStories),
]

type Requests = AdminOutput<typeof listRequests>

function joinRequests(parts: readonly Requests[], limit: number): Requests {
  const all = parts.flatMap(({ requests }) => requests).sort((a, b) => comparePositions(b, a))
  const requests = all.slice(0, limit)
  const hasMore = all.length > limit || parts.some(({ next }) => next !== undefined)
  const since = parts.flatMap((part) => part.held.since ?? []).sort()
  const held = { requests: sum(parts.map((part) => part.held.requests)), since: since[0] ?? null }
  return { requests, ...(hasMore ? { next: requests.at(-1)?.id } : {}), held }
}

/** As the gateways order them: by time, then by gateway, then by number. */
function comparePositions(a: SeenRequest, b: SeenRequest): number {
  const [[atA = 0, numberA = 0], [atB = 0, numberB = 0]] = [a, b].map(({ id }) => id.split('.', 2).map(Number)) as [
    number[],
    number[],
  ]
  return atA - atB || (a.gateway < b.gateway ? -1 : a.gateway > b.gateway ? 1 : 0) || numberA - numberB
}

const SERIES = ['requests', 'errors', 'cold', 'notInvoked'] as const

function joinTraffic(parts: readonly Traffic[]): Traffic {
  const [newest] = parts.toSorted((a, b) => Date.parse(b.from) - Date.parse(a.from))
  if (!newest) throw new Error('there is no traffic to join')
  const { from, stepSeconds, steps } = newest
  const rows = new Map<string, Traffic['traffic'][number]>()
  for (const part of parts) {
    // Where one was asked just before a step began, its numbers are those of a step before.
    const late = Math.round((Date.parse(from) - Date.parse(part.from)) / (stepSeconds * 1_000))
    for (const row of part.traffic) {
      const moved = { ...row, ...series((name) => Array.from({ length: steps }, (_, i) => row[name][i + late] ?? 0)) }
      const known = rows.get(row.function)
      rows.set(row.function, known ? addRows(known, moved) : moved)
    }
  }
  return { gateway: 'all', from, stepSeconds, steps, traffic: [...rows.values()] }
}

const addRows = (a: Traffic['traffic'][number], b: Traffic['traffic'][number]): Traffic['traffic'][number] => ({
  ...a,
  ...series((name) => a[name].map((count, i) => count + (b[name][i] ?? 0))),
  // Of all together nobody knows it; it is no more than the largest.
  ms: { p50: max(a.ms.p50, b.ms.p50), p95: max(a.ms.p95, b.ms.p95), p99: max(a.ms.p99, b.ms.p99) },
  totals: series((name) => a.totals[name] + b.totals[name]),
})

const series = <Value>(of: (name: (typeof SERIES)[number]) => Value) =>
  Object.fromEntries(SERIES.map((name) => [name, of(name)])) as Record<(typeof SERIES)[number], Value>

type Functions = AdminOutput<typeof listFunctions>

function joinFunctions(parts: readonly Functions[]): Functions {
  const rows = new Map<string, Functions[number]>()
  for (const row of parts.flat()) {
    const known = rows.get(row.name)
    rows.set(row.name, known ? addFunctions(known, row) : row)
  }
  return [...rows.values()]
}

const addFunctions = (a: Functions[number], b: Functions[number]): Functions[number] => ({
  ...(isLater(a.lastColdStartAt, b.lastColdStartAt) ? a : b),
  coldStarts: add(a.coldStarts, b.coldStarts),
  requests: add(a.requests, b.requests),
})

const isLater = (a: string | null | undefined, b: string | null | undefined) => (a ?? '') > (b ?? '')
const add = (a: number | null, b: number | null) => (a === null && b === null ? null : (a ?? 0) + (b ?? 0))

type Breakers = AdminOutput<typeof listBreakers>
const SEVERITY = { closed: 0, 'half-open': 1, open: 2 } as const

/** The worst state that any gateway has it in. */
function joinBreakers(parts: readonly Breakers[]): Breakers {
  const rows = new Map<string, Breakers['breakers'][number]>()
  for (const row of parts.flatMap(({ breakers }) => breakers)) {
    const known = rows.get(row.name) ?? { ...row, calls: 0, faults: 0 }
    const worst = SEVERITY[known.state] >= SEVERITY[row.state] ? known : row
    rows.set(row.name, { ...worst, calls: known.calls + row.calls, faults: known.faults + row.faults })
  }
  return { breakers: [...rows.values()] }
}

type Alerts = AdminOutput<typeof listAlerts>
const ALERT_STATES = ['unknown', 'inactive', 'pending', 'firing'] as const
const MAX_INSTANCES = 100

/** An alert is in the worst state that any gateway sees, with what all of them see. */
function joinAlerts(parts: readonly Alerts[]): Alerts {
  const [first, ...others] = parts
  if (!first) throw new Error('there are no alerts to join')
  const alerts = first.alerts.map((alert) => {
    const isSame = (one: typeof alert) =>
      one.name === alert.name && one.severity === alert.severity && one.window === alert.window
    const all = [alert, ...others.flatMap((part) => part.alerts.filter(isSame))]
    const state = ALERT_STATES.findLast((state) => all.some((one) => one.state === state)) ?? alert.state
    return { ...alert, state, instances: all.flatMap(({ instances }) => instances).slice(0, MAX_INSTANCES) }
  })
  return { ...first, alerts }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
const max = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b))
