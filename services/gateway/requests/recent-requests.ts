import { Problem } from 'ebb/contract'
import type { EndedRequest } from 'ebb/http/gateway'
import { redactSecrets } from 'ebb/kernel'
import type { RequestFilter, SeenRequest } from '../../../src/protocol/admin/requests.ts'
import { matchRequests } from './match-requests.ts'

const MAX_REQUESTS = 2_000
/** Kept besides those, since they are what somebody looks for when the others have long passed. */
const MAX_FAILED = 500
const MAX_PATH_LENGTH = 300
/** A batch for whoever follows, and how often there is one: more than a person reads, and a browser has to draw it. */
const BATCH = 25
const EVERY_MS = 500
const MAX_FOLLOWERS = 20

type Listener = (batch: { readonly requests: readonly SeenRequest[]; readonly skipped: number }) => void

export type RecentRequests = ReturnType<typeof createRecentRequests>

export interface Page extends RequestFilter {
  readonly limit: number
  /** The `next` of the page before. */
  readonly before?: string | undefined
}

interface Kept {
  readonly request: EndedRequest
  readonly path: string
  readonly atMs: number
  readonly number: number
}

/** Keeps the newest requests of this process in memory, and tells of them while somebody follows. `gateway` is unique. */
export function createRecentRequests(gateway: string, { now = Date.now } = {}) {
  const all = createRing<Kept>(MAX_REQUESTS)
  const failed = createRing<Kept>(MAX_FAILED)
  const followers = new Set<(kept: Kept) => void>()
  let number = 0
  let atMs = 0

  const toSeen = ({ request, path, atMs, number }: Kept): SeenRequest => ({
    ...{ id: writePosition({ atMs, number, gateway }), gateway, at: new Date(atMs).toISOString() },
    ...{
      method: request.method,
      path: redactSecrets(path),
      status: request.status,
      durationMs: request.durationMs,
      bytes: request.bytes,
    },
    ...{ route: request.route ?? null, function: request.function ?? null, reason: request.reason ?? null },
    ...{ correlationId: redactSecrets(request.correlationId), traceId: request.traceId ?? null },
    ...{ caller: request.caller, tenant: request.tenant ?? null, client: request.client ?? null },
    ...{ invoked: request.invoked, cold: request.cold ?? null, revision: request.revision ?? null },
    ...{ tool: request.tool ?? false, deprecated: request.deprecated ?? false },
  })

  return {
    keep(request: EndedRequest): void {
      // Clocks are set back now and then; what comes later stays later.
      atMs = Math.max(atMs, now())
      const kept = { request, path: copy(request.path), atMs, number: ++number }
      all.add(kept)
      if (request.status >= 500) failed.add(kept)
      for (const tell of followers) tell(kept)
    },

    list({ limit, before, ...filter }: Page) {
      const from = before === undefined ? undefined : readPosition(before)
      const matches = matchRequests(filter)
      const isWanted = ({ request, atMs, number }: Kept) =>
        (!from || isOlder({ atMs, number, gateway }, from)) && matches(request, atMs)
      const newest = [...all.items()]
      const oldest = newest[0]?.number ?? 1
      const earlier = [...failed.items()].filter((kept) => kept.number < oldest)
      const held = [...earlier, ...newest]
      const found = held.toReversed().filter(isWanted)
      const requests = found.slice(0, limit).map(toSeen)
      const next = found.length > limit ? { next: requests.at(-1)?.id } : {}
      const since = held[0] ? new Date(held[0].atMs).toISOString() : null
      return { requests, ...next, held: { requests: held.length, since } }
    },

    /** Tells of what matches, in batches, until it is called back. Throws a Problem where too many follow. */
    follow(filter: RequestFilter, tell: Listener): () => void {
      if (followers.size >= MAX_FOLLOWERS)
        throw new Problem('too_many_streams', 503, `${MAX_FOLLOWERS} follow the requests of this gateway already.`)
      const matches = matchRequests(filter)
      let batch: Kept[] = []
      let skipped = 0
      let timer: NodeJS.Timeout | undefined
      const flush = () => {
        timer = undefined
        const told = { requests: batch.map(toSeen), skipped }
        batch = []
        skipped = 0
        tell(told)
      }
      const take = (kept: Kept) => {
        if (!matches(kept.request, kept.atMs)) return
        if (batch.length < BATCH) batch.push(kept)
        else skipped++
        timer ??= setTimeout(flush, EVERY_MS).unref()
      }
      followers.add(take)
      return () => {
        clearTimeout(timer)
        followers.delete(take)
      }
    },
  }
}

/** A copy of its own: a part of a text keeps the whole of it in memory, which here is an address with its query. */
const copy = (path: string) => Buffer.from(path.slice(0, MAX_PATH_LENGTH), 'latin1').toString('latin1')

function createRing<Item>(size: number) {
  const slots: Item[] = []
  let next = 0
  return {
    add: (item: Item) => {
      slots[next] = item
      next = (next + 1) % size
    },
    /** The oldest first. */
    items: () => (slots.length < size ? slots : [...slots.slice(next), ...slots.slice(0, next)]),
  }
}

/** Where a request stands among those of all gateways. */
interface Position {
  readonly atMs: number
  readonly number: number
  readonly gateway: string
}

const writePosition = ({ atMs, number, gateway }: Position) => `${atMs}.${number}.${gateway}`

function readPosition(text: string): Position {
  const [, atMs, number, gateway] = /^(\d{1,15})\.(\d{1,15})\.(.{1,160})$/.exec(text) ?? []
  if (gateway !== undefined) return { atMs: Number(atMs), number: Number(number), gateway }
  throw new Problem('invalid_request', 400, 'The cursor `before` is not one that this list gave.')
}

/** By time, then by gateway, then by its own order: the same for all gateways. */
function isOlder(a: Position, b: Position): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  return a.gateway === b.gateway ? a.number < b.number : a.gateway < b.gateway
}
