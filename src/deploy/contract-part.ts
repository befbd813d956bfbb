import { isReservedPath } from '../contract/index.ts'

type Json = Readonly<Record<string, unknown>>

/** What is read of an OpenAPI document here. */
interface ServedDocument {
  readonly paths?: Readonly<Record<string, Json>>
  readonly security?: unknown
  readonly components?: Json
}

/**
 * The part of a served OpenAPI document that contracts make: without the endpoints of the platform itself, and without the logins
 * that a gateway adds for its issuers, of which no contract knows.
 */
export function contractPart<Document extends ServedDocument>(document: Document): Document {
  const schemes: Json = Object(document.components?.securitySchemes)
  const isLogin = (requirement: unknown) =>
    Object.keys(Object(requirement)).some((name) => Object(schemes[name]).type === 'openIdConnect')
  const withoutLogins = (security: unknown) =>
    Array.isArray(security) ? security.filter((requirement) => !isLogin(requirement)) : security
  const general = JSON.stringify(withoutLogins(document.security))
  const operationOf = (operation: unknown) => {
    const { security, ...rest }: Json = Object(operation)
    const own = withoutLogins(security)
    // Where nothing is left of its own, it is as if it had none: the document's own applies.
    return own === undefined || JSON.stringify(own) === general ? rest : { ...rest, security: own }
  }
  const paths = Object.entries(document.paths ?? {})
    .filter(([path]) => !isReservedPath(path))
    .map(([path, item]) => [path, mapValues(item, operationOf)])
  return { ...document, security: withoutLogins(document.security), paths: Object.fromEntries(paths) }
}

/** Whether an operation of a document takes anybody: where others have nothing or their own requirements, it requires none. */
export function isAnonymousOperation(operation: unknown): boolean {
  const { security }: Json = Object(operation)
  return Array.isArray(security) && security.length === 0
}

const mapValues = (object: Json, change: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
