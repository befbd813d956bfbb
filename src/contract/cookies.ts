import type { Strings } from './schema/decode-strings.ts'

/**
 * The cookies of a request (RFC 6265, 5.4), by name. Of several of one name the first counts: browsers send the one with the
 * longest path first.
 */
export function parseCookies(lines: readonly string[] = []): Strings {
  // Without a prototype, so that a cookie may be called `constructor`.
  const cookies: Record<string, readonly string[]> = Object.create(null)
  for (const pair of lines.join(';').split(';')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(at, 0)).trim()
    if (name !== '' && !cookies[name]) cookies[name] = [decode(pair.slice(at + 1).trim())]
  }
  return cookies
}

/** What `Set-Cookie` encodes, and others than Ebb may leave as it is. */
function decode(value: string): string {
  const bare = value.replace(/^"(.*)"$/, '$1')
  if (!bare.includes('%')) return bare
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}
