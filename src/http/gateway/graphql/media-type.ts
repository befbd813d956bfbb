import type { GatewayContext } from '../context.ts'

/** The two media types of GraphQL over HTTP, 6.3: the second is that of clients from before there was the first. */
const GRAPHQL = 'application/graphql-response+json'
const JSON_TYPE = 'application/json'

/**
 * The media type in which a caller wants the response: that of GraphQL where `Accept` names it with no less weight than JSON.
 * By JSON an operation that does not fit the schema is answered with 200, as clients of that time expect (6.4.1).
 */
export function mediaTypeFor({ headers }: Pick<GatewayContext, 'headers'>): typeof GRAPHQL | typeof JSON_TYPE {
  const weights = new Map<string, number>()
  for (const range of (headers.accept ?? []).join().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
    weights.set(type, weight === undefined ? 1 : Number(weight))
  }
  const wanted = weights.get(GRAPHQL) ?? 0
  return wanted > 0 && wanted >= (weights.get(JSON_TYPE) ?? 0) ? GRAPHQL : JSON_TYPE
}

/** Whether the status says what came of the operation. */
export const hasStatus = (type: string): boolean => type === GRAPHQL
