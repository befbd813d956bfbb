import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

const HEADER_BYTES = 12
const TYPES = { A: 1, AAAA: 28 } as const

/** The addresses of a name, asked for the n-th time, from 0 on; none where there is no such name. */
type Zone = (name: string, time: number) => readonly string[]

/** A DNS server on loopback, the names that it was asked for, and a lookup that asks it and nobody else. */
export async function startDnsServer(zone: Zone) {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = readQuestion(query)
    const time = asked.filter((one) => one === `${name} ${type}`).length
    asked.push(`${name} ${type}`)
    const addresses = zone(name, time).filter((one) => (type === TYPES.AAAA) === isIPv6(one))
    socket.send(toAnswer(query.subarray(0, end), addresses), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const resolver = new Resolver()
  resolver.setServers([`127.0.0.1:${socket.address().port}`])
  const find = async (name: string, method: 'resolve4' | 'resolve6') => {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>()
    resolver[method](name, (_error, addresses = []) => resolve(addresses))
    return (await promise).map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  }
  /** As `dns.lookup` with `all`. */
  const lookup = (
    name: string,
    _options: object,
    callback: (error: null, addresses: { address: string; family: number }[]) => void,
  ) => void Promise.all([find(name, 'resolve6'), find(name, 'resolve4')]).then((found) => callback(null, found.flat()))
  return { lookup, asked, close: () => socket.close() }
}

function readQuestion(query: Buffer) {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function toAnswer(question: Buffer, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question)
  // An authoritative answer, with this many records.
  head.writeUInt16BE(0x8580, 2)
  head.writeUInt16BE(addresses.length, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, ...addresses.map(toRecord)])
}

/** For the name of the question, to be kept for no time at all. */
function toRecord(address: string): Buffer {
  const bytes = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number))
  const record = Buffer.alloc(HEADER_BYTES)
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0)
  record.writeUInt16BE(isIPv6(address) ? TYPES.AAAA : TYPES.A, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt16BE(bytes.length, 10)
  return Buffer.concat([record, bytes])
}

/** Of an address without an IPv4 part. */
function ipv6Bytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::')
  const groupsOf = (text: string) => text.split(':').filter((group) => group !== '')
  const [first, last] = [groupsOf(head), groupsOf(tail)]
  const groups = [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
