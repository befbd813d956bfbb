/** Where a proxy's requests go: an origin, and what comes before each path, or ''. */
export interface ProxiedAddress {
  readonly origin: string
  readonly prefix: string
}

const PREFIX = /^(\/[A-Za-z0-9._~-]+)*$/

/** Reads the address of an existing service. Throws a TypeError that says what is wrong with it. */
export function parseProxiedUrl(text: string): ProxiedAddress {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) throw new TypeError('must be an http or https address')
  if (url.username || url.password)
    throw new TypeError('must hold no credential: it is no secret, and is shown in logs and documents')
  if (url.search || url.hash || text.endsWith('?') || text.endsWith('#'))
    throw new TypeError('must end with its path: each request has a query of its own')
  const prefix = url.pathname.replace(/\/$/, '')
  if (!PREFIX.test(prefix)) throw new TypeError('must have a path of letters, digits and ._~- alone')
  return { origin: url.origin, prefix }
}
