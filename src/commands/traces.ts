import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import * as endpoints from '../protocol/admin/traces.ts'
import { oneLine } from '../protocol/traces/tell-span.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'

export const tracesCommand: readonly Form[] = [
  form({
    word: 'list',
    description: 'List the traces of the last hour, the newest first.',
    options: {
      failed: { description: 'Only those of which a span failed.' },
      cold: { description: 'Only those for which a function started.' },
      'min-ms': { value: 'N', description: 'Only those that took so long, or longer.' },
      route: { value: 'TEXT', description: 'Only those whose name has this text in it, such as /v1/orders.' },
      correlation: { value: 'ID', description: 'Only those of the request with this X-Correlation-Id.' },
      limit: { value: 'N', description: 'At most this many, up to 200. Default: 50.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['traces list --failed', 'traces list --route /v1/orders --min-ms 200'],
    run: (project, options) => listTraces(project, options),
  }),
  form({
    word: 'show',
    description: 'Show one trace as a waterfall, with the names of its gaps.',
    arguments: { id: { value: 'ID', required: true, description: 'The trace id, as traces list prints it.' } },
    options: ADMIN_OPTIONS,
    examples: ['traces show 4bf92f3577b34da6a3ce929d0e0e4736'],
    run: async (project, { id, ...options }) =>
      printResult(await callAdmin(project, endpoints.showTrace, { params: { id } }, options), toWaterfall, options),
  }),
]

interface ListOptions extends AdminOptions {
  readonly failed: boolean
  readonly cold: boolean
  readonly 'min-ms': string | undefined
  readonly route: string | undefined
  readonly correlation: string | undefined
  readonly limit: string | undefined
}

async function listTraces(project: string, options: ListOptions) {
  const { failed, cold, 'min-ms': minMs, route, correlation, limit } = options
  const query = {
    ...{ status: failed ? 'failed' : undefined, cold: cold ? 'true' : undefined },
    ...{ minMs, route, correlation, limit },
  }
  printResult(await callAdmin(project, endpoints.listTraces, { query }, options), toRows, options)
}

function toRows({ kept, link, traces }: AdminOutput<typeof endpoints.listTraces>): readonly string[] {
  if (!kept) return [`No spans are kept there${link ? `; they are at ${link}` : ': look into your trace backend'}.`]
  if (traces.length === 0) return ['No traces.']
  const rows = traces.map(({ startedAt, traceId, name, status, durationMs, cold, failed }) => [
    ...[new Date(startedAt).toTimeString().slice(0, 8), traceId, formatMs(durationMs)],
    `${status ?? ''}`,
    `${oneLine(name, MAX_NAME)}${cold ? ' (cold)' : ''}${failed && !(Number(status) >= 500) ? ' (failed within)' : ''}`,
  ])
  return table([['TIME', 'TRACE', 'MS', '', 'WHAT'], ...rows])
}

const MAX_NAME = 60
const [NAME_WIDTH, BAR_WIDTH] = [36, 18]

/** Eighty columns: what it is, when, how long, and why. */
function toWaterfall({ rows, durationMs, link, ...trace }: AdminOutput<typeof endpoints.showTrace>): readonly string[] {
  const scale = BAR_WIDTH / Math.max(durationMs, 0.001)
  const lines = rows.map(({ depth, part, name, kind, atMs, durationMs: ownMs, failed, says }) => {
    const indent = ' '.repeat(Math.min(depth, MAX_INDENT))
    const label = oneLine(kind === 'gap' ? `(${name})` : `${part} ${name}`, NAME_WIDTH - indent.length)
    const head = `${indent}${label}`.padEnd(NAME_WIDTH)
    const before = Math.min(Math.floor(atMs * scale), BAR_WIDTH - 1)
    const length = Math.min(Math.max(Math.round(ownMs * scale), 1), BAR_WIDTH - before)
    const bar = `${' '.repeat(before)}${(kind === 'gap' ? '·' : '█').repeat(length)}`.padEnd(BAR_WIDTH)
    const end = kind === 'gap' ? '' : oneLine(`${failed ? '✗ ' : ''}${says}`, SAYS_WIDTH)
    return `${head} ${bar} ${formatMs(ownMs).padStart(7)}  ${end}`.trimEnd()
  })
  return [
    `${trace.startedAt}  ${trace.traceId}  ${formatMs(durationMs)} ms`,
    ...(trace.correlationId ? [`Correlation ${trace.correlationId}`] : []),
    ...(link ? [link] : []),
    ...['', ...lines],
  ]
}

const MAX_INDENT = 8
const SAYS_WIDTH = 14

const formatMs = (ms: number) => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms)))
