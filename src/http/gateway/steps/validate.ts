import { Problem, type ValidationIssue } from '../../../contract/index.ts'
import { parseIdempotencyKey } from '../../idempotency.ts'
import { parseJson } from '../../json.ts'
import { parseQuery } from '../../request-parts.ts'
import { type GatewayContext, routeOf } from '../context.ts'
import type { Step } from '../pipeline.ts'
import { prefersAsync } from './invocations.ts'

/** Holds the request against its contract: 400 names every fault and its path. */
export function validate(): Step {
  return function validate(exchange) {
    const { body, contracts, params, headers } = exchange
    const route = routeOf(exchange)
    const parsed = body.length > 0 ? parseJson(body) : { value: undefined }
    if ('faults' in parsed) return invalidRequest(parsed.faults)
    const raw = { params, query: parseQuery(exchange.query), headers, body: parsed.value }
    const validated = contracts?.validate(route.name, raw)
    const faults = [
      ...(needsKey(exchange) ? findKeyIssues(headers) : []),
      ...(validated?.ok === false ? validated.issues : []),
    ]
    return faults.length > 0 ? invalidRequest(faults) : undefined
  }
}

const invalidRequest = (details: readonly ValidationIssue[]) =>
  new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', { details })

/** Where none is asked for, one that comes with an asynchronous call is kept to all the same. */
const needsKey = (exchange: GatewayContext) =>
  routeOf(exchange).idempotent || (prefersAsync(exchange) && exchange.headers['idempotency-key'] !== undefined)

const VALID_KEY = /^[\x21-\x7e]{1,255}$/

function findKeyIssues(headers: GatewayContext['headers']): readonly ValidationIssue[] {
  const value = headers['idempotency-key']?.[0]
  const path = 'headers.idempotency-key'
  if (value === undefined) return [{ path, message: 'Missing; this endpoint needs one' }]
  return VALID_KEY.test(parseIdempotencyKey(value))
    ? []
    : [{ path, message: 'Must be 1 to 255 visible ASCII characters' }]
}
