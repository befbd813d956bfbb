import { Problem } from '../../contract/index.ts'
import type { Claim, Claimed } from '../../kernel/index.ts'
import { fingerprint } from '../fingerprint.ts'
import { idempotencyKey } from '../idempotency-key.ts'
import { type Exchange, routeOf } from './exchange.ts'
import type { Answer } from './pipeline.ts'

/** What an exchange's Idempotency-Key stands for; undefined where it carries none. */
export function claimOf(exchange: Exchange): Claim | undefined {
  const { headers, caller, request, path, query, body } = exchange
  const value = headers['idempotency-key']?.[0]
  if (value === undefined) return undefined
  const { name, headers: named } = routeOf(exchange)
  const print = fingerprint({ method: request.method ?? '', target: path + query, headers, named, body })
  return { caller: caller.sub, route: name, key: idempotencyKey(value), fingerprint: print }
}

/** What a key that is taken is answered with; undefined where it is new. */
export function toAnswer(claimed: Claimed): Answer | undefined {
  switch (claimed.is) {
    case 'new':
      return undefined
    case 'in-flight':
      return new Problem('in_progress', 409, 'A request with this Idempotency-Key is being handled right now.', {
        retryAfterSeconds: 1,
      })
    case 'mismatch':
      return new Problem('idempotency_mismatch', 422, 'This Idempotency-Key was used for another request.')
    case 'finished': {
      const { answer } = claimed
      return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' }, spared: 'replayed' }
    }
  }
}
