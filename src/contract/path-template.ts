/** A path template such as `/v1/users/{id}`, compiled once for all that route by it. */
interface PathTemplate {
  /** The template itself, as OpenAPI writes it. */
  readonly template: string
  /** Express 5's spelling: there `{id}` would be an optional group. */
  readonly express: string
  readonly names: readonly string[]
  /** The still encoded parameters, or undefined where the path is another one. Case-sensitive and strict. */
  match(pathname: string): Record<string, string> | undefined
}

const TEMPLATE = /^\/(?:(?:[A-Za-z0-9._~-]+|\{[a-z][A-Za-z0-9]*\})(?:\/(?:[A-Za-z0-9._~-]+|\{[a-z][A-Za-z0-9]*\}))*)?$/
const PARAMETER = /\{(\w+)\}/g

/** Compiles a path template. Throws a TypeError that says what is wrong with a malformed one. */
export function parsePathTemplate(template: string): PathTemplate {
  if (!TEMPLATE.test(template)) {
    throw new TypeError(
      `path "${template}" must be segments of letters, digits and ._~- or {name}, without a trailing slash`,
    )
  }
  const names = [...template.matchAll(PARAMETER)].map((found) => found[1] ?? '')
  if (new Set(names).size < names.length) throw new TypeError(`path "${template}" names a parameter twice`)
  const matcher = new RegExp(`^${template.replaceAll(/[.~]/g, '\\$&').replaceAll(PARAMETER, '(?<$1>[^/]+)')}$`)
  return {
    template,
    express: template.replaceAll(PARAMETER, ':$1'),
    names,
    match: (pathname) => {
      const found = matcher.exec(pathname)
      return found ? { ...found.groups } : undefined
    },
  }
}

/** What a proxy's path stands for. */
interface ProxyPath {
  /** What comes before its last segment `*`; the whole path where there is none. */
  readonly base: string
  readonly isWildcard: boolean
  /** The still encoded parameters, or undefined where the path is another one. */
  match(pathname: string): Record<string, string> | undefined
}

/**
 * Compiles the path of a proxy, whose last segment may be `*`: `/shop/*` is `/shop`, `/shop/` and everything below. Throws a
 * TypeError that says what is wrong with a malformed one.
 */
export function parseProxyPath(path: string): ProxyPath {
  const isWildcard = path.endsWith('/*')
  const base = isWildcard ? path.slice(0, -2) : path
  const { match, names } = base === '' ? ROOT : parsePathTemplate(base)
  if (!isWildcard) return { base, isWildcard, match }
  const segments = base.split('/').length
  return {
    base,
    isWildcard,
    match: (pathname) => {
      // `normalise` has left no empty segment but the last one.
      const head = pathname.split('/', segments).join('/')
      return names.length > 0 ? match(head) : head === base ? {} : undefined
    },
  }
}

const ROOT: Pick<PathTemplate, 'match' | 'names'> = { match: () => ({}), names: [] }

/** How many characters a location may have: what every hop of a request takes at least (RFC 9110, 4.1). */
const MAX_LOCATION_LENGTH = 8_000

/**
 * Compiles a template such as `/v1/users/{id}` into a function that fills it in: `/v1/users/7`. That throws a TypeError where
 * the address would lead nowhere, since a gateway refuses such a path, or no client can send it.
 */
export function compileLocation(template: string): (values: Readonly<Record<string, unknown>>) => string {
  const { names } = parsePathTemplate(template)
  return (values) => {
    let location = template
    for (const name of names) {
      const value = values[name]
      const issue = findSegmentIssue(value)
      if (issue) throw new TypeError(`its location ${template} leads nowhere: ${name} ${issue}`)
      location = location.replace(`{${name}}`, () => encodeURIComponent(String(value)))
    }
    if (location.length <= MAX_LOCATION_LENGTH) return location
    throw new TypeError(
      `its location ${template} has ${location.length} characters, and at most ${MAX_LOCATION_LENGTH}`,
    )
  }
}

/** Most ids; they need no further look. */
const PLAIN = /^[\w-]+$/
/** What a segment must not have, percent-encoded. */
const UNSAFE = /%(2f|5c|[01][0-9a-f]|7f)/i

/** Why a value cannot be one segment of a path: however these are encoded, some hop takes them for structure. */
export function findSegmentIssue(value: unknown): string | undefined {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return 'must be a text, a number or a boolean'
  const text = String(value)
  if (PLAIN.test(text)) return undefined
  if (/^\.{0,2}$/.test(text)) return 'must not be empty, "." or ".."'
  if (!text.isWellFormed()) return 'has half of a surrogate pair'
  if (UNSAFE.test(encodeURIComponent(text))) return 'must not have slashes, backslashes or control characters'
  return undefined
}

/** `/metrics` is for scrapes of gateway, relay and, where it is enabled, of a function: it is never public. */
const RESERVED =
  /^\/(_|openapi\.json|asyncapi\.json|docs|mcp|metrics|v1\/(invocations|keys|usage|webhooks)|\.well-known\/oauth-protected-resource)(\/|$)/

/** Whether a path is the platform's own: no contract may claim it, and no parameter of one may stand for it. */
export const isReservedPath = (path: string): boolean => RESERVED.test(path)
