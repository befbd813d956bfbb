/** What one proxy has said of the request that it got (RFC 7239). */
export interface ForwardedElement {
  readonly for?: string
  readonly proto?: string
  readonly host?: string
}

/** A token, or a quoted string, of RFC 9110, 5.6. */
const PAIR = /^\s*([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)")\s*/

/**
 * Parses the header `Forwarded`, each proxy's element in order, the nearest proxy's last. Undefined where any of it is
 * malformed: it cannot be told then which proxy said what.
 */
export function parseForwarded(values: readonly string[]): readonly ForwardedElement[] | undefined {
  const elements: Record<string, string>[] = [{}]
  let rest = values.join(',')
  for (;;) {
    const [pair, name = '', token, quoted] = PAIR.exec(rest) ?? []
    const element = elements.at(-1)
    if (pair === undefined || !element || name.toLowerCase() in element) return undefined
    element[name.toLowerCase()] = token ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? ''
    const separator = rest[pair.length]
    if (separator === undefined) return elements
    if (separator === ',') elements.push({})
    else if (separator !== ';') return undefined
    rest = rest.slice(pair.length + 1)
  }
}

/** One element of `Forwarded`, for what comes next. What is no address is `unknown` (RFC 7239, 6.2). */
export function formatForwarded(client: {
  readonly address: string
  readonly proto: string
  readonly host: string | undefined
}): string {
  const { address, proto, host } = client
  // Which of its interfaces a machine has it on (RFC 4007) is nothing to others.
  const node = address.includes(':') ? `"[${address.replace(/%.*/, '')}]"` : address || 'unknown'
  return `for=${node};proto=${proto}${host === undefined ? '' : `;host="${host}"`}`
}
