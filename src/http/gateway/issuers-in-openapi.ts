type Json = Readonly<Record<string, unknown>>

/**
 * The document of the contracts, with a login at each issuer: contracts do not know whose tokens a gateway accepts. Operations
 * that take a Bearer token take one of theirs, with the scopes that they require; the others stay as they are.
 */
export function withIssuers(document: unknown, issuers: readonly string[]): unknown {
  if (issuers.length === 0) return document
  const { components = {}, security, paths = {}, ...rest } = document as Readonly<Record<string, Json>>
  const schemes = Object.fromEntries(
    issuers.map((issuer, i) => [issuers.length === 1 ? 'login' : `login${i + 1}`, issuer]),
  )
  const logins = (scopes: unknown = []) => Object.keys(schemes).map((name) => ({ [name]: scopes }))
  const all = (given: unknown): readonly object[] => (Array.isArray(given) ? given : [])
  const withLogins = (operation: Json) => {
    const scopes = operation['x-scopes']
    const taken = all(operation.security ?? security)
    const isGeneral = operation.security === undefined && scopes === undefined
    if (isGeneral || !taken.some((scheme) => 'bearer' in scheme)) return operation
    return { ...operation, security: [...taken, ...logins(scopes)] }
  }
  return {
    ...rest,
    security: [...all(security), ...logins()],
    paths: mapValues(paths, (item) => mapValues(item as Json, (operation) => withLogins(operation as Json))),
    components: {
      ...components,
      securitySchemes: { ...Object(components.securitySchemes), ...mapValues(schemes, openIdConnect) },
    },
  }
}

const openIdConnect = (issuer: unknown) => ({
  type: 'openIdConnect',
  openIdConnectUrl: `${String(issuer).replace(/\/$/, '')}/.well-known/openid-configuration`,
})

const mapValues = (object: Json, change: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
