import { type Directives, parseDeltaSeconds, secondsOf } from './cache-control.ts'
import { type Fields, linesOf, splitList } from './fields.ts'
import { parseHttpDate } from './http-date.ts'

/** What may be given a lifetime that its sender has not said (RFC 9110, 15.1), but for 206, which is not stored. */
const HEURISTIC_STATUSES = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
/** Of the time since it was last modified (RFC 9111, 4.2.2), and at most a day. */
const HEURISTIC_FRACTION = 0.1
const MAX_HEURISTIC_SECONDS = 86_400

/** Whether a lifetime may be guessed for it. */
export const isHeuristic = (status: number, directives: Directives): boolean =>
  HEURISTIC_STATUSES.has(status) || directives.has('public')

interface Response {
  readonly status: number
  readonly fields: Fields
  readonly directives: Directives
  /** Whether `directives` come of a targeted field: then Expires means nothing (RFC 9213, 2.2). */
  readonly targeted: boolean
  readonly respondedAt: number
}

/** For how long a response is fresh, in seconds, by the first that says so (RFC 9111, 4.2.1). */
export function findFreshSeconds({ status, fields, directives, targeted, respondedAt }: Response): number {
  const said = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age')
  if (said !== undefined) return said
  if (targeted) return 0
  const date = parseDate(fields, respondedAt) ?? respondedAt
  const expires = linesOf(fields, 'expires')
  // More than one is none that can be believed; what is no date is in the past (5.3).
  if (expires.length > 0) {
    const time = expires.length === 1 ? parseHttpDate(expires[0] ?? '', respondedAt) : undefined
    return time === undefined ? 0 : Math.max(0, Math.floor((time - date) / 1_000))
  }
  const modified = parseHttpDate(linesOf(fields, 'last-modified')[0] ?? '', respondedAt)
  if (modified === undefined || !isHeuristic(status, directives)) return 0
  const seconds = Math.floor(((date - modified) / 1_000) * HEURISTIC_FRACTION)
  return Math.max(0, Math.min(seconds, MAX_HEURISTIC_SECONDS))
}

/** How old a response was when it came (RFC 9111, 4.2.3), in seconds. */
export function findInitialAge(
  fields: Fields,
  { requestedAt, respondedAt }: { requestedAt: number; respondedAt: number },
) {
  const date = parseDate(fields, respondedAt) ?? respondedAt
  const apparent = Math.max(0, (respondedAt - date) / 1_000)
  // The first of a list; what is no number is ignored (5.1).
  const said = parseDeltaSeconds(splitList(linesOf(fields, 'age').join(','))[0] ?? '') ?? 0
  return Math.max(apparent, said + (respondedAt - requestedAt) / 1_000)
}

const parseDate = (fields: Fields, now: number) => parseHttpDate(linesOf(fields, 'date')[0] ?? '', now)

interface Aged {
  readonly initialAgeSeconds: number
  readonly respondedAt: number
}

/** How old a stored response is (RFC 9111, 4.2.3: current_age), in seconds. */
export const ageOf = ({ initialAgeSeconds, respondedAt }: Aged, now: number): number =>
  initialAgeSeconds + Math.max(0, now - respondedAt) / 1_000
