import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { readMails, startEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

/** What was seen of a laptop that ran where this process runs, which is a network namespace without a route. */
export interface Seen {
  readonly status: number
  readonly mail: string
  readonly complaints: readonly string[]
  /** What the kernel has counted in this namespace since it exists: attempts without a route, and UDP, such as questions to a DNS server. */
  readonly attempts: Readonly<Record<string, number>>
  /** The same after one attempt to reach an address outside: whether an attempt would have been seen. */
  readonly afterOneAttempt: Readonly<Record<string, number>>
}

const COUNTED = ['OutNoRoutes', 'OutDatagrams']

/** Of IPv4 and IPv6: a line of names and one of values, or a name and a value in each line. */
async function readAttempts(): Promise<Readonly<Record<string, number>>> {
  const four = (await readFile('/proc/net/snmp', 'utf8')).split('\n').flatMap((line, i, lines) => {
    if (i % 2 === 0) return []
    const names = lines[i - 1]?.split(' ') ?? []
    return line.split(' ').map((value, at) => [names[at] ?? '', Number(value)] as const)
  })
  const six = (await readFile('/proc/net/snmp6', 'utf8'))
    .split('\n')
    .map((line) => line.split(/\s+/))
    .map(([name = '', value]) => [name, Number(value)] as const)
  const found = [...four, ...six].filter(([name]) => COUNTED.some((counted) => name.endsWith(counted)))
  const isLite = (name: string) => name.startsWith('UdpLite')
  return Object.fromEntries(found.filter(([name]) => !isLite(name)).map(([name, value]) => [name, value]))
}

/** Tries an address that is for documentation (RFC 5737): nobody has it. */
async function tryOnce(): Promise<void> {
  const socket = connect({ host: '203.0.113.1', port: 443 })
  await once(socket, 'connect').catch(() => {})
  socket.destroy()
}

const [root = ''] = process.argv.slice(2)
const ebb = await startEbb({ root })
const response = await ebb.call('POST', '/v1/notes', { key: ebb.ready.keys.reader ?? '', body: { title: 'Milk' } })
await untilTrue(async () => (await readMails(ebb.folder)).size > 0, { what: 'the mail' })
const [mail = ''] = (await readMails(ebb.folder)).values()
await ebb.stop()
const attempts = await readAttempts()
await tryOnce()
const seen: Seen = {
  ...{ status: response.status, mail, complaints: ebb.complaints, attempts, afterOneAttempt: await readAttempts() },
}
process.stdout.write(`${JSON.stringify(seen)}\n`)
