/**
 * What one client surely is in a text: an IPv4 address, or the first half of an IPv6 address, since whoever has one of
 * those has 2^64.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped) return mapped
  const [head = '', tail] = address.split('%', 1).join().split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : GROUPS - groups.length - rest.length
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, GROUPS / 2).join(':')
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const GROUPS = 8
