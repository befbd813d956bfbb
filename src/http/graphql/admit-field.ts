import type * as z from 'zod'
import { type EndpointContract, jsonBodyOf, Problem, type Route, toInput } from '../../contract/index.ts'
import type { Identity } from '../../protocol/index.ts'
import { hasScopes } from '../middleware/identity.ts'
import { invalidRequest } from '../request-problems.ts'

/** Requires what the endpoint's contract does of its callers, except of an owner, whom the resolver asks about. */
export function authorise(caller: Identity, route: Route) {
  if (!route.anonymous && caller.sub === 'anonymous')
    throw new Problem('unauthenticated', 401, 'Send an API key or an access token to see this.')
  if (route.tenancy && caller.tenant === undefined)
    throw new Problem('tenant_required', 403, 'This is for callers of a tenant.')
  if (!route.owner && !hasScopes(caller, route))
    throw new Problem('forbidden', 403, `This needs ${route.scopes.join(' and ')}.`)
}

export function compileParameters(schema: z.ZodObject | undefined) {
  if (!schema) return undefined
  const strict = toInput(schema)
  return (values: Readonly<Record<string, unknown>>, part: string) => parse(strict, givenOf(schema, values), part)
}

export function compileBody(endpoint: EndpointContract) {
  const body = jsonBodyOf(endpoint)
  if (!body) return undefined
  const strict = toInput(body)
  return ({ input }: Readonly<Record<string, unknown>>, part: string) => parse(strict, input ?? undefined, part)
}

/** GraphQL's null is what a path or a query leaves out. */
export const givenOf = ({ shape }: z.ZodObject, values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.keys(shape).flatMap((name) => ((values[name] ?? null) === null ? [] : [[name, values[name]]])),
  )

function parse(schema: z.ZodType, value: unknown, part: string) {
  const { success, data, error } = schema.safeParse(value)
  if (success) return data
  throw invalidRequest(error.issues.map(({ path, message }) => ({ path: [part, ...path].join('.'), message })))
}
