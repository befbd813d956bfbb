import * as z from 'zod'
import { type AuthorizerContract, Problem } from '../../contract/index.ts'
import { GATEWAY_IDENTITY, identityRefusalHeaders, type JudgementRequest } from '../../protocol/index.ts'
import type { Step } from '../context.ts'
import { parseJson } from '../json.ts'

/** What an authorizer receives at most: the largest body of a request in base64, and the headers of one. */
export const MAX_CREDENTIALS_BYTES = 2 * 1024 * 1024

/** Reads what the gateway asks an authorizer, from the gateway alone. */
export function receiveCredentials({ credentials }: AuthorizerContract): Step {
  const schema = createSchema(credentials)
  return function receiveCredentials(request, response) {
    const { identity } = response.locals
    // No caller has an identity for this function: no route leads to it.
    if (identity.iss !== 'ebb:gateway' || identity.sub !== GATEWAY_IDENTITY.sub)
      throw new Problem('forbidden', 403, 'Only the gateway asks who calls.', { headers: identityRefusalHeaders() })
    const parsed = parseJson(request.body ?? Buffer.alloc(0))
    const { data, error } = schema.safeParse('issues' in parsed ? undefined : parsed.value)
    if (!data) throw new Problem('invalid_request', 400, 'This is no question of who calls.', { cause: error })
    const { body, ...presented } = data as JudgementRequest
    response.locals.input = { ...presented, ...(body === undefined ? {} : { body: Buffer.from(body, 'base64') }) }
  }
}

/** A gateway that knows a newer contract may send more than this one reads. */
function createSchema({ headers, path, query, body }: AuthorizerContract['credentials']) {
  return z.object({
    headers: z.object(Object.fromEntries(headers.map((name) => [name, z.string().optional()]))),
    ...{ method: z.string(), route: z.string() },
    ...(path ? { path: z.string() } : {}),
    ...(query ? { query: z.string() } : {}),
    ...(body ? { body: z.string() } : {}),
  })
}
