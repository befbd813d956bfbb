import type { AdminOutput } from '../../protocol/admin/admin-endpoint.ts'
import type { listDead } from '../../protocol/admin/events.ts'
import type { listBreakers, listFunctions } from '../../protocol/admin/gateway.ts'
import type { SeenRequest, Traffic } from '../../protocol/admin/requests.ts'
import type { listGateways } from '../../protocol/admin/settings.ts'

export interface TopView {
  /** RFC 3339. */
  readonly at: string
  readonly gateways: AdminOutput<typeof listGateways>['gateways']
  readonly traffic: Traffic
  readonly functions: AdminOutput<typeof listFunctions>
  readonly breakers: AdminOutput<typeof listBreakers>['breakers']
  readonly failures: readonly SeenRequest[]
  readonly dead: AdminOutput<typeof listDead>['counts']
}

type Row = Traffic['traffic'][number]

const NONE = '-'
const NAME = 26
const BARS = ' ▁▂▃▄▅▆▇█'
const STEPS_PER_BAR = 6

/** The view as lines: no more than `rows` of them, and none longer than `columns`. */
export function drawTop(
  view: TopView,
  { columns, rows = 1_000 }: { readonly columns: number; readonly rows?: number },
) {
  const head = [...drawHead(view), '', HEADER]
  const tail = drawFailures(view)
  const table = drawTable(view)
  const room = Math.max(1, rows - head.length - tail.length)
  const hidden = table.length - room
  const shown = hidden > 0 ? [...table.slice(0, room - 1), `and ${hidden + 1} more without as many requests`] : table
  return [...head, ...shown, ...tail].slice(0, rows).map((line) => [...line].slice(0, columns).join('').trimEnd())
}

function drawHead({ at, gateways, traffic, functions, breakers, dead }: TopView): readonly string[] {
  const total = (name: keyof Row['totals']) => traffic.traffic.reduce((sum, { totals }) => sum + totals[name], 0)
  const [first] = gateways
  const contracts = new Set(gateways.map((gateway) => gateway.contracts))
  const letters = dead.reduce((sum, { deliveries }) => sum + deliveries, 0)
  const open = breakers.filter(({ state }) => state !== 'closed').map(({ name }) => name)
  // Where only the platform knows the instances, there are other gateways, and each counts what it has answered itself.
  const isCluster = functions.length > 0 && functions.every(({ instances }) => instances === null)
  const one = `${first?.name ?? ''}${isCluster ? ' alone' : ''}`
  const who = gateways.length === 1 ? one : `${gateways.length} gateways`
  return [
    `Ebb ${first?.version ?? ''}  ${who}${contracts.size > 1 ? '  with different contracts' : ''}  ${at.slice(11, 19)} UTC`,
    `10 min: ${total('requests')} requests, ${total('errors')} errors, ${total('cold')} cold starts, ${total('notInvoked')} without a function`,
    [
      letters === 0 ? 'No dead letters' : `${letters} dead letters: ${dead.map((one) => one.consumer).join(', ')}`,
      ...(open.length > 0 ? [`breaker not closed: ${open.join(', ')}`] : []),
    ].join('; '),
  ]
}

const HEADER = rowOf(['FUNCTION', '/MIN', 'ERRORS', 'COLD', 'P50', 'P99', 'UP', 'TEN MINUTES'])

/** Those with the most requests first, then by name, so that a row stays where it is. */
function drawTable({ traffic: { traffic }, functions }: TopView): readonly string[] {
  const seen = new Map(traffic.map((row) => [row.function, row]))
  const names = new Set([...seen.keys(), ...functions.map(({ name }) => name)])
  const requestsOf = (name: string) => seen.get(name)?.totals.requests ?? 0
  const inOrder = [...names].sort((a, b) => requestsOf(b) - requestsOf(a) || (a < b ? -1 : 1))
  return inOrder.map((name) => {
    const instances = functions.find((one) => one.name === name)?.instances
    return rowOf([name, ...numbersOf(seen.get(name)), String(instances ?? NONE), drawBars(seen.get(name))])
  })
}

/** The step that is not over would look like a fall. */
const numbersOf = (row: Row | undefined): readonly string[] =>
  row
    ? [
        String(row.requests.slice(-STEPS_PER_BAR - 1, -1).reduce((sum, count) => sum + count, 0)),
        ...[row.totals.errors, row.totals.cold].map((count) => (count === 0 ? NONE : String(count))),
        ...[row.ms.p50, row.ms.p99].map(formatMs),
      ]
    : [NONE, NONE, NONE, NONE, NONE]

function rowOf([name = '', ...cells]: readonly string[]): string {
  const widths = [7, 8, 6, 8, 8, 4]
  const bars = cells.pop() ?? ''
  const short = name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name
  return `${short.padEnd(NAME)}${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('')}  ${bars}`
}

const formatMs = (ms: number | null) => (ms === null ? NONE : ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`)

/** A bar for each minute, by the largest of them. */
function drawBars(row: Row | undefined): string {
  const minutes = Array.from({ length: 10 }, (_, i) =>
    (row?.requests ?? []).slice(i * STEPS_PER_BAR, (i + 1) * STEPS_PER_BAR).reduce((sum, count) => sum + count, 0),
  )
  const most = Math.max(...minutes, 1)
  return minutes.map((count) => BARS[Math.ceil((count / most) * (BARS.length - 1))]).join('')
}

function drawFailures({ failures }: TopView): readonly string[] {
  if (failures.length === 0) return []
  const lines = failures.map(
    ({ at, status, method, path, correlationId }) =>
      `${at.slice(11, 19)} ${status} ${correlationId}  ${method} ${path}`,
  )
  return ['', 'LAST FAILURES (ebb explain ID)', ...lines]
}
