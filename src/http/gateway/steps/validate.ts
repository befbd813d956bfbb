import type { ValidationIssue } from '../../../contract/index.ts'
import { parseIdempotencyKey } from '../../idempotency.ts'
import { parseJson } from '../../json.ts'
import { conditionsOf, findConditionIssues, preconditionRequired } from '../../preconditions.ts'
import { parseQuery } from '../../query.ts'
import { invalidRequest } from '../../request-problems.ts'
import { type GatewayContext, routeOf, type Step } from '../context.ts'
import { byRunning } from '../explanation.ts'
import { validateOwnRequest } from '../own-routes.ts'
import { prefersAsync } from '../prefer.ts'
import { createFindSent, type FindSent } from '../sent-fields.ts'

/** Validates the request by its contract: 400 names every issue and its path. */
export function validate(): Step {
  const step: Step = function validate(context) {
    const { body, contracts, params, headers } = context
    const route = routeOf(context)
    if (route.upstream) return undefined
    const parsed = body.length > 0 ? parseJson(body) : { value: undefined }
    if ('issues' in parsed) return invalidRequest(parsed.issues)
    const parts = { params, query: parseQuery(context.query), headers, body: parsed.value }
    const own = validateOwnRequest(route, parts)
    const validated = own ?? contracts?.validate(route.name, parts)
    if (own?.ok) context.input = own.input
    const issues = [
      ...(needsKey(context) ? findKeyIssues(headers) : []),
      ...(route.conditional ? findConditionIssues(conditionsOf(headers)) : []),
      ...(validated?.ok === false ? validated.issues : []),
    ]
    if (issues.length > 0) return invalidRequest(issues)
    const optional = contracts?.endpointFields?.[route.name]?.optional ?? []
    if (optional.length > 0) context.sentFields = findSentOf(optional)(parts.query, parts.body)
    return needsCondition(context) ? preconditionRequired() : undefined
  }
  return byRunning(step, (context) =>
    routeOf(context).upstream
      ? 'The service behind the proxy decides what fits.'
      : 'Path, query, headers and body fit the contract.',
  )
}

const searches = new WeakMap<readonly string[], FindSent>()

/** Prepared once for each endpoint of a set of contracts. */
function findSentOf(optional: readonly string[]): FindSent {
  const known = searches.get(optional) ?? createFindSent(optional)
  searches.set(optional, known)
  return known
}

/** Where no key is required, one that comes with an asynchronous call is used all the same. */
const needsKey = (context: GatewayContext) =>
  routeOf(context).idempotent || (prefersAsync(context) && context.headers['idempotency-key'] !== undefined)

/** Whether a write says not which version it is about, and must. */
const needsCondition = (context: GatewayContext) =>
  routeOf(context).conditional === true &&
  !routeOf(context).readOnly &&
  context.headers['if-match'] === undefined &&
  context.headers['if-none-match'] === undefined

const VALID_KEY = /^[\x21-\x7e]{1,255}$/

export function findKeyIssues(headers: GatewayContext['headers']): readonly ValidationIssue[] {
  const value = headers['idempotency-key']?.[0]
  const path = 'headers.idempotency-key'
  if (value === undefined) return [{ path, message: 'Missing; this endpoint needs one' }]
  return VALID_KEY.test(parseIdempotencyKey(value))
    ? []
    : [{ path, message: 'Must be 1 to 255 visible ASCII characters' }]
}
