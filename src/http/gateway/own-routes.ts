import {
  createValidator,
  describeEndpoint,
  type RawInput,
  type Route,
  type ValidationResult,
} from '../../contract/index.ts'
import { INVOCATION_ENDPOINTS } from '../../protocol/invocation-endpoints.ts'
import { OWN_ENDPOINTS, OWN_KEY_ENDPOINTS } from '../../protocol/own-key-endpoints.ts'
import { WEBHOOK_ENDPOINTS } from '../../protocol/webhook-endpoints.ts'
import { INVOCATION_ROUTE } from './invocation-route.ts'
import { MCP_ROUTE } from './mcp/mcp-route.ts'

const OWN_ROUTES = new Map(
  [...OWN_ENDPOINTS, ...INVOCATION_ENDPOINTS, ...WEBHOOK_ENDPOINTS].map((contract) => [
    Object.freeze(describeEndpoint(contract)),
    contract,
  ]),
)
const byName = new Map([...OWN_ROUTES.keys()].map((route) => [route.name, route]))
const LOGIN_ROUTES: ReadonlySet<Route> = new Set(OWN_KEY_ENDPOINTS.map(ownRoute))
const INVOCATION_ROUTES = [INVOCATION_ROUTE, ...INVOCATION_ENDPOINTS.map(ownRoute)]

/**
 * The routes of a gateway's own: no contract may have their paths. Where nobody can log in, nobody makes keys of one's own, and where
 * there is no event for customers, no webhooks.
 */
export function platformRoutesOf({
  own,
  logins,
  webhooks,
}: {
  readonly own: boolean
  readonly logins: boolean
  readonly webhooks: boolean
}): readonly Route[] {
  const routes = own ? OWN_ENDPOINTS.map(ownRoute).filter((route) => logins || !LOGIN_ROUTES.has(route)) : []
  return [...INVOCATION_ROUTES, MCP_ROUTE, ...routes, ...(webhooks ? WEBHOOK_ENDPOINTS.map(ownRoute) : [])]
}

/** Whether the gateway itself answers at this route. */
export const isPlatformRoute = (route: Route | undefined): boolean =>
  route !== undefined && (route === INVOCATION_ROUTE || route === MCP_ROUTE || OWN_ROUTES.has(route))

/** Whether callers manage their own keys at this route, by a login. */
export const needsLogin = (route: Route | undefined): boolean => route !== undefined && LOGIN_ROUTES.has(route)

/** The route of one of the endpoints by which callers manage what is their own. */
export function ownRoute({ name }: { readonly name: string }): Route {
  const route = byName.get(name)
  if (!route) throw new Error(`no endpoint of the platform is called ${name}`)
  return route
}

const validators = new Map<Route, (raw: RawInput) => ValidationResult>()

/** Validates a request to one of those; undefined for any other route. Compiled when it is first needed. */
export function validateOwnRequest(route: Route, raw: RawInput): ValidationResult | undefined {
  const contract = OWN_ROUTES.get(route)
  if (!contract) return undefined
  const known = validators.get(route) ?? createValidator(contract)
  validators.set(route, known)
  return known(raw)
}
