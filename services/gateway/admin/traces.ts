import { Problem } from 'ebb/contract'
import type pg from 'pg'
import type { ContractSet } from '../../../src/contract/index.ts'
import { findRelated, type Related } from '../../../src/data/queue/find-related.ts'
import { explainId, listTraces, showTrace } from '../../../src/protocol/admin/traces.ts'
import type { Evidence, LogLine } from '../../../src/protocol/story/evidence.ts'
import { tellStory } from '../../../src/protocol/story/tell-story.ts'
import { type Span, textAttribute } from '../../../src/protocol/traces/span.ts'
import { toWaterfall } from '../../../src/protocol/traces/waterfall.ts'
import type { RecordSource } from '../fetch-records.ts'
import type { RecentRequests } from '../requests/recent-requests.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface TracesOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
  /** What the laptop has kept; undefined on a cluster. */
  readonly records?: RecordSource | undefined
  /** The last ones of this gateway: what is seen of the log where there is no recorder. */
  readonly requests: Pick<RecentRequests, 'list'>
  /** Where a trace is shown, with {traceId} in it. */
  readonly tracesUrl?: string | undefined
}

export const tracesOperations = (options: TracesOptions): readonly AdminOperation[] => {
  const { pool, contracts, records, requests, tracesUrl } = options
  const linkTo = (traceId: string) => tracesUrl?.replaceAll('{traceId}', traceId) ?? null
  return [
    operation(listTraces, async ({ query }) => ({
      ...{ kept: records !== undefined, link: tracesUrl ?? null },
      ...((await records?.list(query)) ?? { since: null, dropped: 0, traces: [] }),
    })),
    operation(showTrace, async ({ params: { id } }) => {
      const spans = (await records?.read(id)) ?? []
      const first = spans[0]
      if (!first) throw new Problem('not_found', 404, notKept(records, linkTo(id)))
      const correlationId = correlationOf(spans)
      const { events } = await findRelated(pool, correlationId === null ? [] : [correlationId])
      const rows = toWaterfall(spans, events)
      const durationMs = Math.max(...rows.map((row) => row.atMs + row.durationMs))
      const startedAt = new Date(Math.min(...spans.map(({ startUs }) => startUs)) / 1_000).toISOString()
      return { traceId: id, startedAt, durationMs, correlationId, link: linkTo(id), rows }
    }),
    operation(explainId, async ({ params: { id } }) => {
      const { logSince, ...evidence } = await gather(id)
      const story = tellStory(id, evidence)
      if (story) return story
      const where = [...(logSince ? [`The log begins at ${logSince}.`] : []), ...evidence.unseen].join(' ')
      throw new Problem('not_found', 404, `Nothing that can be seen here has the id ${id}. ${where}`.trim())
    }),
  ]

  /** Each source knows ids that another one has not; one that does not answer is told, and the others are looked at. */
  async function gather(id: string): Promise<Evidence & { readonly logSince: string | null }> {
    const unseen = new Set<string>(records ? [] : [NOT_KEPT_HERE])
    const related = (ids: readonly string[]) =>
      findRelated(pool, ids).catch(() => {
        unseen.add('The database does not answer: its events and asynchronous calls are not seen.')
        return NOTHING
      })
    const first = await related([id])
    const found = await records?.find([...new Set([id, ...correlationsOf(first)])]).catch(() => {
      unseen.add('The recorder of this laptop does not answer: its log lines and spans are not seen.')
      return undefined
    })
    const { lines = recentLines([id, ...correlationsOf(first)]), spans = [], logSince = null } = found ?? {}
    const known = [...lines.map(({ fields }) => fields.correlationId), correlationOf(spans), ...correlationsOf(first)]
    const ids = [...new Set(known.filter((one) => typeof one === 'string'))]
    const { events, calls } = ids.length === 0 ? first : await related([id, ...ids])
    if (!records)
      for (const { traceId } of [...events, ...calls]) {
        const link = linkTo(traceId)
        if (link) unseen.add(`Its spans are at ${link}`)
      }
    return { lines, spans, events, calls, routes: contracts().routes, unseen: [...unseen], logSince }
  }

  /** The lines of the requests that this gateway has answered lately. */
  function recentLines(ids: readonly string[]): readonly LogLine[] {
    const found = [...new Set(ids)].flatMap((id) => [
      ...requests.list({ correlation: id, limit: MAX_RECENT }).requests,
      ...requests.list({ trace: id, limit: MAX_RECENT }).requests,
    ])
    return found.map((request, id) => ({
      ...{ id, time: request.at, part: 'gateway', level: 'info', fields: { msg: 'request', ...request } },
    }))
  }
}

const NOTHING: Related = { events: [], calls: [] }
const MAX_RECENT = 50
const NOT_KEPT_HERE =
  'Of the log only the last requests of the gateway that was asked are seen, and no spans: look for the id in the log store and in the trace backend of this cluster.'

const notKept = (records: RecordSource | undefined, link: string | null) =>
  records ? 'No span of this trace is kept.' : `No spans are kept here${link ? `; see ${link}` : ''}.`

const correlationsOf = ({ events, calls }: Related) => [...events, ...calls].map(({ correlationId }) => correlationId)

const correlationOf = (spans: readonly Span[]) =>
  spans.map((span) => textAttribute(span, 'ebb.correlation_id')).find((id) => id !== undefined) ?? null
