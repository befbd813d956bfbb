/** How many characters an address may have: what every hop takes at least (RFC 9110, 4.1). */
const MAX_LOCATION_LENGTH = 8_000

/** What is wrong with a pattern of `locations`, as a sentence; undefined where nothing is. */
export function findBoundIssue(pattern: unknown): string | undefined {
  const url = typeof pattern === 'string' ? URL.parse(withoutStar(pattern)) : undefined
  if (typeof pattern !== 'string' || !url || !/^https?:$/.test(url.protocol))
    return 'must be an http or https address, such as https://pay.example.com/*'
  if (url.href !== withoutStar(pattern)) return `must be written as ${url.href}${pattern.endsWith('*') ? '*' : ''}`
  if (url.search || url.hash || url.username || url.password)
    return 'must be scheme, host and path; leave out user, query and fragment'
  return withoutStar(pattern).includes('*') ? 'may have a * at its end only' : undefined
}

const withoutStar = (pattern: string) => pattern.replace(/\*$/, '')

/**
 * Compiles the bounds of a redirect: the function returns the address as it is sent, or throws a TypeError where it leads
 * somewhere else. It is compared as browsers read it, so that no spelling of it gets around them.
 */
export function compileBounds(patterns: readonly string[]): (location: unknown) => string {
  const bounds = patterns.map((pattern) => {
    const { origin, pathname } = new URL(withoutStar(pattern))
    return { origin, pathname, open: pattern.endsWith('*') }
  })
  return (location) => {
    const url = typeof location === 'string' ? URL.parse(location) : null
    if (!url) throw new TypeError('its location is no address')
    const fits = bounds.some(
      ({ origin, pathname, open }) =>
        origin === url.origin && (open ? url.pathname.startsWith(pathname) : url.pathname === pathname),
    )
    if (!fits || url.username || url.password)
      throw new TypeError(`its location leads to ${url.origin}${url.pathname}, which is none of ${patterns.join(', ')}`)
    if (url.href.length > MAX_LOCATION_LENGTH)
      throw new TypeError(`its location has ${url.href.length} characters, and at most ${MAX_LOCATION_LENGTH}`)
    return url.href
  }
}
