/** A path template such as `/v1/users/{id}`, compiled once for everyone who routes by it. */
export interface Pattern {
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

/** Compiles a path template. Throws a TypeError that names the fault of a malformed one. */
export function toPattern(template: string): Pattern {
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
