import { type Fault, Problem } from '../../../contract/index.ts'
import { idempotencyKey } from '../../idempotency-key.ts'
import { parseJson } from '../../json.ts'
import { queryStrings } from '../../query.ts'
import { type Exchange, routeOf } from '../exchange.ts'
import type { Step } from '../pipeline.ts'
import { prefersAsync } from './respond-async.ts'

/** Holds the request against its contract: 400 names every fault and its path. */
export function validate(): Step {
  return function validate(exchange) {
    const { body, contracts, params, headers } = exchange
    const route = routeOf(exchange)
    const parsed = body.length > 0 ? parseJson(body) : { value: undefined }
    if ('faults' in parsed) return invalid(parsed.faults)
    const raw = { params, query: queryStrings(exchange.query), headers, body: parsed.value }
    const validated = contracts?.validate(route.name, raw)
    const faults = [
      ...(needsKey(exchange) ? keyFaults(headers) : []),
      ...(validated?.ok === false ? validated.faults : []),
    ]
    return faults.length > 0 ? invalid(faults) : undefined
  }
}

const invalid = (details: readonly Fault[]) =>
  new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', { details })

/** Where none is asked for, one that comes with an asynchronous call is kept to all the same. */
const needsKey = (exchange: Exchange) =>
  routeOf(exchange).idempotent || (prefersAsync(exchange) && exchange.headers['idempotency-key'] !== undefined)

const KEY = /^[\x21-\x7e]{1,255}$/

function keyFaults(headers: Exchange['headers']): readonly Fault[] {
  const value = headers['idempotency-key']?.[0]
  const path = 'headers.idempotency-key'
  if (value === undefined) return [{ path, message: 'Missing; this endpoint needs one' }]
  return KEY.test(idempotencyKey(value)) ? [] : [{ path, message: 'Must be 1 to 255 visible ASCII characters' }]
}
