import { isIP } from 'node:net'
import { type ForwardedElement, parseForwarded } from './forwarded.ts'

/** The client of a request, as far as trusted proxies report it. */
export interface ClientInfo {
  readonly address: string
  readonly proto: 'http' | 'https'
  /** The host that the client asked for, where a trusted proxy reports it; otherwise it is in `Host`. */
  readonly host: string | undefined
}

/**
 * Finds the client of a request. Each of `hops` trusted proxies has appended its peer's address to X-Forwarded-For, so that
 * the last `hops` entries are true, while earlier ones may be forged. Where no X-Forwarded-* came, the elements of
 * `Forwarded` (RFC 7239) are read in the same way: never both, since a proxy that writes the one may pass on the other as
 * its client has sent it. Without proxies, or where the entry is not an address, the client is the peer of the connection;
 * without a scheme, that is the connection's own.
 */
export function getClientInfo(
  socketAddress = 'unknown',
  headers: Readonly<Record<string, readonly string[]>>,
  { hops, encrypted = false }: { readonly hops: number; readonly encrypted?: boolean },
): ClientInfo {
  const own = encrypted ? 'https' : 'http'
  const peer = unmapped(socketAddress)
  if (hops === 0) return { address: peer, proto: own, host: undefined }
  const said = readForwarded(headers, hops)
  const address = unmapped(withoutPort(said.for ?? ''))
  return {
    address: isIP(address) === 0 ? peer : address,
    proto: (said.proto?.toLowerCase() ?? own) === 'https' ? 'https' : 'http',
    host: said.host !== undefined && HOST_PATTERN.test(said.host) ? said.host : undefined,
  }
}

/** What the outermost trusted proxy has said. */
function readForwarded(headers: Readonly<Record<string, readonly string[]>>, hops: number): ForwardedElement {
  const { forwarded } = headers
  if (forwarded && !X_FORWARDED.some((name) => headers[name])) {
    const elements = parseForwarded(forwarded) ?? []
    return elements.at(-Math.min(hops, elements.length)) ?? {}
  }
  const [address, proto, host] = X_FORWARDED.map((name) => nthFromEnd(headers[name], hops))
  return {
    ...(address === undefined ? {} : { for: address }),
    ...(proto === undefined ? {} : { proto }),
    ...(host === undefined ? {} : { host }),
  }
}

const X_FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] as const

/** The first entry where there are fewer: the nearest proxy may have replaced the list. */
function nthFromEnd(values: readonly string[] | undefined, n: number): string | undefined {
  const entries = values?.join().split(',')
  return entries?.at(-Math.min(n, entries.length))?.trim()
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const [, bracketed, plain] = /^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry) ?? []
  return bracketed ?? plain ?? entry
}

/** A socket that takes IPv6 and IPv4 gives an IPv4 address in IPv6's notation, which no log or service behind it asked for. */
const unmapped = (address: string): string => (address.includes(':') && MAPPED_IPV4.exec(address)?.[1]) || address

/** A name or an address, and a port. */
export const HOST_PATTERN = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i

/** An IPv4 address, or the /64 network of an IPv6 address, since a client usually has all 2^64 addresses of it. */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address
  const plain = unmapped(address)
  if (plain !== address) return plain
  const [head = '', tail] = address.split('%', 1).join().split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : IPV6_GROUPS - groups.length - rest.length
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, IPV6_GROUPS / 2).join(':')
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const IPV6_GROUPS = 8
