import { BlockList, isIP } from 'node:net'

/** IPv4 networks that are not the public internet (IANA's special-purpose registry), and Azure's metadata, which looks public. */
const SPECIAL_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
]
/** All that is given out of IPv6: what maps, embeds or translates IPv4 (::ffff:0:0/96, 64:ff9b::/96) lies outside. */
const GLOBAL_IPV6 = ['2000::/3']
/** Within it: protocols' own with Teredo, documentation, 6to4, and AS112's. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

/** Returns a check whether an address, in the spelling of a resolver or of a URL, is one of the public internet. */
export function createPublicAddressCheck(): (address: string) => boolean {
  const [special4, global6, special6] = [SPECIAL_IPV4, GLOBAL_IPV6, SPECIAL_IPV6].map(toBlockList)
  return (address) => {
    // A scoped address (fe80::1%eth0) means a network of this machine.
    if (address.includes('%')) return false
    const family = isIP(address)
    if (family === 4) return !special4?.check(address, 'ipv4')
    return family === 6 && Boolean(global6?.check(address, 'ipv6')) && !special6?.check(address, 'ipv6')
  }
}

function toBlockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    list.addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}
