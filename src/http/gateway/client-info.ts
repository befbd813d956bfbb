import { isIP } from 'node:net'

/** Where a request comes from. */
export interface ClientInfo {
  readonly address: string
  readonly proto: 'http' | 'https'
  /** What the client asked for, where a trusted proxy says it; else it is in `Host`. */
  readonly host: string | undefined
}

/**
 * Where a request comes from. Each of `hops` trusted proxies has added whom it heard from to X-Forwarded-For, so that
 * many entries from its end are true, and what a client wrote before them is not. Without proxies, or where that is no
 * address, it is the other end of the connection.
 */
export function getClientInfo(
  peer = 'unknown',
  headers: Readonly<Record<string, readonly string[]>>,
  { hops }: { readonly hops: number },
): ClientInfo {
  if (hops === 0) return { address: peer, proto: 'http', host: undefined }
  const address = withoutPort(nthFromEnd(headers['x-forwarded-for'], hops) ?? '')
  const host = nthFromEnd(headers['x-forwarded-host'], hops)
  return {
    address: isIP(address) === 0 ? peer : address,
    proto: nthFromEnd(headers['x-forwarded-proto'], hops)?.toLowerCase() === 'https' ? 'https' : 'http',
    host: host !== undefined && HOST_PATTERN.test(host) ? host : undefined,
  }
}

/** The first where there are not as many: whoever is nearest may have replaced the list by its own word. */
function nthFromEnd(values: readonly string[] | undefined, n: number): string | undefined {
  const entries = values?.join().split(',')
  return entries?.at(-Math.min(n, entries.length))?.trim()
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const [, bracketed, plain] = /^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry) ?? []
  return bracketed ?? plain ?? entry
}

/** A name or an address, and a port. */
export const HOST_PATTERN = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i

/**
 * What one client surely is in a text: an IPv4 address, or the first half of an IPv6 address, since whoever has one of
 * those has 2^64.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address
  const mapped = MAPPED_IPV4.exec(address)?.[1]
  if (mapped) return mapped
  const [head = '', tail] = address.split('%', 1).join().split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : IPV6_GROUPS - groups.length - rest.length
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, IPV6_GROUPS / 2).join(':')
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const IPV6_GROUPS = 8
