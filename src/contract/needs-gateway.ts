import type { Route } from './described.ts'

/** The part of a contract that a function cannot keep without a gateway in front of it, such as `dpop`; undefined where there is none. */
export function findGatewayPart({
  authorizer,
  dpop,
  calls,
}: Pick<Route, 'authorizer' | 'dpop' | 'calls'>): string | undefined {
  if (authorizer !== undefined) return 'authorizer'
  if (dpop) return 'dpop'
  return calls ? 'calls' : undefined
}
