import {
  createValidator,
  describeEndpoint,
  type RawInput,
  type Route,
  type ValidationResult,
} from '../../contract/index.ts'
import { OWN_KEY_ENDPOINTS } from '../../protocol/own-key-endpoints.ts'
import { INVOCATION_ROUTE } from './steps/invocations.ts'

const OWN_KEY_ROUTES = new Map(
  OWN_KEY_ENDPOINTS.map((contract) => [Object.freeze(describeEndpoint(contract)), contract]),
)
const byName = new Map([...OWN_KEY_ROUTES.keys()].map((route) => [route.name, route]))

/** The routes of a gateway's own: no contract may have their paths. Where nobody can log in, nobody has keys of one's own. */
export const platformRoutesOf = ({ logins }: { readonly logins: boolean }): readonly Route[] => [
  INVOCATION_ROUTE,
  ...(logins ? OWN_KEY_ROUTES.keys() : []),
]

/** Whether the gateway itself answers at this route. */
export const isPlatformRoute = (route: Route | undefined): boolean => route === INVOCATION_ROUTE || isOwnKeyRoute(route)

/** Whether callers manage their own keys at this route. */
export const isOwnKeyRoute = (route: Route | undefined): boolean => route !== undefined && OWN_KEY_ROUTES.has(route)

/** The route of one of those endpoints. */
export function ownKeyRoute({ name }: { readonly name: string }): Route {
  const route = byName.get(name)
  if (!route) throw new Error(`no endpoint of the platform is called ${name}`)
  return route
}

const validators = new Map<Route, (raw: RawInput) => ValidationResult>()

/** Validates a request to a route of the platform's own; undefined for any other route. Compiled when it is first needed. */
export function validateOwnKeyRequest(route: Route, raw: RawInput): ValidationResult | undefined {
  const contract = OWN_KEY_ROUTES.get(route)
  if (!contract) return undefined
  const known = validators.get(route) ?? createValidator(contract)
  validators.set(route, known)
  return known(raw)
}
