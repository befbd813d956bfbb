import { Problem } from '../../../contract/index.ts'
import type { ResponseHeaders, ResponseSink } from '../upstream/upstream-request.ts'
import { type Directives, isWhole } from './cache-control.ts'
import type { Fields } from './fields.ts'
import type { Flight } from './flights.ts'
import { type Course, createRecorder } from './recorder.ts'
import { mayReplaceFailure } from './reuse.ts'
import type { CacheRules } from './rules.ts'
import { directivesOf, isStorable } from './storable.ts'
import type { CachedResponse, CacheStore } from './store.ts'
import { type Exchange, toStored, update } from './stored-response.ts'
import { isAbout } from './validators.ts'
import type { Selecting } from './vary.ts'

/** What is looked for. */
export interface Wanted {
  readonly key: string
  readonly rules: CacheRules
  readonly route: string
  readonly url: string
  readonly selecting: Selecting
  readonly tags: readonly string[]
  /** Whether the request came with credentials, a cookie included. */
  readonly credentials: boolean
  /** The Cache-Control of the request, as far as it is honoured. */
  readonly asked: Directives | undefined
  /** Which variant it is, as far as it is known by what it varies. */
  readonly variant: string
  /** What is stored for it but is not to be used as it is. */
  readonly stored: CachedResponse | undefined
}

export interface FetchOptions {
  readonly store: CacheStore
  readonly now: () => number
  readonly maxBytes: number
  readonly flight: Flight
  /** Where a response goes on to as it comes; undefined where nobody waits for it. */
  readonly open: (kept: boolean) => ResponseSink | undefined
  /** Whether the caller needs the whole of it before it can be answered: for a range. */
  readonly whole: boolean
}

/**
 * What a request to the upstream came to: a response to answer with; `passed`, where it went on to the caller; `again`, where
 * what is stored could not be validated and is gone; or a Problem.
 */
export type Fetched =
  | {
      readonly response: CachedResponse
      readonly by: 'stored' | 'validated' | 'failed'
      readonly upstreamStatus?: number
    }
  | 'passed'
  | 'again'
  | Problem

/** One request to the upstream for what is wanted: the sink for its response, and what it came to when that is over. */
export function createFetch(wanted: Wanted, { store, now, maxBytes, flight, open, whole }: FetchOptions) {
  const { key, rules, stored, asked, credentials, selecting } = wanted
  const requestedAt = now()
  let respondedAt = requestedAt

  const decide = (status: number, headers: ResponseHeaders): Course => {
    respondedAt = now()
    if (stored && status === 304) return 'drop'
    if (stored && FAILURES.has(status) && mayReplaceFailure(stored, asked, respondedAt)) return 'drop'
    if (!asked?.has('no-store') && mayStore(status, headers)) return rules.lifetime || whole ? 'keep' : 'copy'
    part()
    // It is not what the resource is now.
    if (stored && status < 500) void store.remove(key, stored.variant)
    return 'pass'
  }
  /** Nobody else gets it. A service says the same of the next one; a function's next reply may be no failure. */
  const part = () => {
    flight.land('alone')
    if (!rules.lifetime) flight.separate()
  }
  const mayStore = (status: number, fields: Fields): boolean => {
    if (!rules.lifetime) return isStorable({ status, fields, ...directivesOf(fields) }, { credentials })
    // A failure is not kept, nor what the function itself wants nobody to keep, or nobody else to get.
    const { directives } = directivesOf(fields)
    if (status >= 300 || status === 206 || fields['set-cookie'] !== undefined) return false
    return !directives.has('no-store') && !(rules.shared && isWhole(directives, 'private'))
  }
  const { sink, recorded } = createRecorder({
    ...{ onStart: decide, open: () => open(recorded()?.course === 'copy'), maxBytes, onTooLong: part },
  })
  const exchangeOf = (headers: ResponseHeaders) => ({
    ...{ selecting, requestedAt, respondedAt, fields: headers, lifetime: rules.lifetime, service: rules.service },
    vary: rules.vary,
  })

  /** Keeps it, where no purge came between. */
  const keep = (response: CachedResponse) => {
    void store.put(key, response, flight.generation)
    flight.land(response)
    return response
  }
  const replaceFailure = (otherwise: Problem, upstreamStatus?: number): Fetched => {
    if (!stored || !mayReplaceFailure(stored, asked, now())) {
      flight.land(otherwise)
      return otherwise
    }
    flight.land(stored)
    return { response: stored, by: 'failed', ...(upstreamStatus === undefined ? {} : { upstreamStatus }) }
  }

  return {
    sink,
    /** To be called when the upstream's response has ended, or did not begin because of `problem`. */
    settle: (problem: Problem | undefined): Fetched => {
      const came = recorded()
      if (!came) return problem && problem.status < 500 ? problem : replaceFailure(problem ?? BROKEN)
      const { course, status, headers, complete, body } = came
      if (course === 'pass') return 'passed'
      if (course === 'drop' && stored) {
        if (status !== 304) return replaceFailure(BROKEN, status)
        if (isAbout(headers, stored)) {
          const response = keep(update(stored, exchangeOf(headers)))
          return { response, by: 'validated', upstreamStatus: 304 }
        }
        void store.remove(key, stored.variant)
        return 'again'
      }
      if (!complete) return course === 'copy' ? 'passed' : replaceFailure(BROKEN)
      const exchange: Exchange = { ...wanted, ...exchangeOf(headers), status, body: body() }
      const response = keep(toStored(exchange))
      return course === 'copy' ? 'passed' : { response, by: 'stored' }
    },
  }
}

/** Those that stale-if-error is about (RFC 5861, 4). */
const FAILURES = new Set([500, 502, 503, 504])
const BROKEN = new Problem('bad_gateway', 502, 'The connection to the upstream failed while it responded.')
