import { checkKeys, type Refuse } from './check-common.ts'
import { ContractError } from './contract-error.ts'

/**
 * That an endpoint is to be called no more, since when, and until when it answers.
 * @example const deprecated: Deprecation = { since: '2026-11-30', sunset: '2027-06-01', use: 'list-orders' }
 * @see docs/guide/48-removing-endpoints.md
 */
export interface Deprecation {
  /** From which day on (UTC, `2026-11-30`) callers are told: the header Deprecation (RFC 9745). It may be still to come. */
  readonly since: string
  /** The day on which it may be removed: the header Sunset (RFC 8594). After `since`. */
  readonly sunset?: string
  /** The endpoint of this project to call instead: a Link with `rel="successor-version"` (RFC 5829). */
  readonly use?: string
}

const KEYS = ['since', 'sunset', 'use']
const DAY = /^\d{4}-\d\d-\d\d$/

const isDay = (text: unknown) =>
  typeof text === 'string' && DAY.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) === true

/** Refuses a `deprecated` that says no day, or days in the wrong order. */
export function checkDeprecation({ deprecated }: { readonly deprecated?: Deprecation }, refuse: Refuse) {
  if (deprecated === undefined) return
  refuse(
    typeof deprecated !== 'object' || deprecated === null,
    "`deprecated` says since when, as { since: '2026-11-30' }",
  )
  checkKeys(deprecated, KEYS, refuse)
  const { since, sunset } = deprecated
  refuse(!isDay(since), 'deprecated.since must be a day, such as 2026-11-30')
  refuse(sunset !== undefined && !isDay(sunset), 'deprecated.sunset must be a day, such as 2027-06-01')
  refuse(sunset !== undefined && sunset <= since, 'deprecated.sunset must come after deprecated.since')
}

/** Throws a ContractError where a deprecated endpoint names none that is there and stays. */
export function requireSuccessors(routes: readonly { readonly name: string; readonly deprecated?: Deprecation }[]) {
  for (const { name, deprecated } of routes) {
    if (deprecated?.use === undefined) continue
    const successor = routes.find((route) => route.name === deprecated.use)
    if (!successor) throw new ContractError(name, `deprecated.use "${deprecated.use}" is no endpoint of functions/`)
    if (successor.deprecated)
      throw new ContractError(name, `deprecated.use "${deprecated.use}" is deprecated as well; name one that stays`)
  }
}
