import { Problem } from 'ebb/contract'
import type { LogLine } from '../../src/protocol/story/evidence.ts'
import type { Span } from '../../src/protocol/traces/span.ts'
import type { KeptTraces, TraceFilter } from '../../src/protocol/traces/trace-source.ts'

const TIMEOUT_MS = 5_000

/** What the laptop has kept of a request outside its database. */
interface Records {
  readonly lines: readonly LogLine[]
  readonly spans: readonly Span[]
  readonly logSince: string | null
  readonly tracesSince: string | null
}

/** What the laptop's recorder keeps. Each rejects with a Problem 503 where that does not answer. */
export interface RecordSource {
  readonly list: (filter: TraceFilter) => Promise<KeptTraces>
  readonly read: (traceId: string) => Promise<readonly Span[]>
  readonly find: (ids: readonly string[]) => Promise<Records>
}

/** What is kept at EBB_RECORDER_URL, for whoever has the admin key. */
export function fetchRecords(url: string, adminKey: () => string | undefined): RecordSource {
  // The recorder has the version of this gateway.
  const get = async <Result>(path: string, query: readonly (readonly [string, string])[] = []) => {
    try {
      const response = await fetch(
        `${url}${path}?${new URLSearchParams(query.map(([name, value]) => [name, value]))}`,
        {
          headers: { authorization: `Bearer ${adminKey()}` },
          signal: AbortSignal.timeout(TIMEOUT_MS),
        },
      )
      if (!response.ok) throw new Error(`the recorder answered ${response.status}`)
      return (await response.json()) as Result
    } catch (cause) {
      throw new Problem('unavailable', 503, 'The recorder of the traces is not reachable.', {
        cause,
        retryAfterSeconds: 2,
      })
    }
  }
  return {
    list: (filter) => get('/traces', [['filter', JSON.stringify(filter)]]),
    read: async (traceId) => (await get<{ readonly spans: readonly Span[] }>(`/traces/${traceId}`)).spans,
    find: (ids) =>
      get(
        '/records',
        ids.map((id) => ['id', id]),
      ),
  }
}
