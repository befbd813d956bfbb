/**
 * node bench/cache/run.ts [seconds] [rounds]
 *
 * What an answer costs that spares its function: a hit and a 304, of Ebb's gateway and of nginx's cache, each on one core of
 * its own, in interleaved rounds in an order of chance; the load (wrk) and all else on another core. Ebb answers once what is
 * the same for everybody, as nginx does, and once what is a caller's own, with a token, a scope, a limit on Redis and
 * validation. Prints medians of the CPU that a request takes, and the ratios. Needs two cores, wrk, nginx, redis-server and
 * taskset.
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { startNginxProxy } from '../gateway/native-proxies.ts'
import { startOurGateway } from '../gateway/our-gateway.ts'
import { startEnvironment } from '../gateway/start-environment.ts'
import type { Process } from '../gateway/start-process.ts'
import { load } from '../measure/load.ts'
import { quartiles, shuffled } from '../measure/samples.ts'

const seconds = Number(process.argv[2] ?? 4)
const rounds = Number(process.argv[3] ?? 5)
const WARM_UP_SECONDS = 6
await using environment = await startEnvironment()
const options = { ...environment, project: join(import.meta.dirname, 'project') }
const ID = '0190a5e8-0000-7000-8000-000000000001'
const [NGINX, EVERYBODY, OWN] = ["nginx's cache", "Ebb, everybody's", 'Ebb, a caller’s own with every policy on']
const subjects: readonly (readonly [
  name: string,
  start: () => Promise<Process>,
  path: string,
  headers: Readonly<Record<string, string>>,
])[] = [
  [NGINX, () => startNginxProxy(options), '/cached/one', {}],
  [EVERYBODY, () => startOurGateway(options), '/v1/news', {}],
  [OWN, () => startOurGateway(options), `/v1/mine/${ID}`, { authorization: `Bearer ${environment.token}` }],
]

const cpuMicros = new Map<string, number[]>()
for (let round = 0; round < rounds; round++) {
  for (const [name, start, path, headers] of shuffled(subjects)) {
    await using running = await start()
    const first = await fetch(`http://127.0.0.1:${running.port}${path}`, { headers })
    await first.arrayBuffer()
    const conditional = { ...headers, 'if-none-match': first.headers.get('etag') ?? '' }
    const requests = [
      { what: 'hit', status: 200, headers },
      { what: '304', status: 304, headers: conditional },
    ]
    for (const { what, status, headers } of requests) {
      const subject = { request: () => ({ method: 'GET' as const, path, headers }), expectStatus: status }
      await load(running, subject, what === 'hit' ? WARM_UP_SECONDS : 1)
      const measured = await load(running, subject, seconds)
      const of = `${name}: ${what}`
      cpuMicros.set(of, [...(cpuMicros.get(of) ?? []), measured.cpuMicros])
    }
  }
}

console.log(
  `64 connections from wrk: Node ${process.version}, ${rounds} interleaved rounds of ${seconds} s, load average now ${loadavg()[0]?.toFixed(1)}`,
)
const medianOf = (name: string, what: string) => quartiles(cpuMicros.get(`${name}: ${what}`) ?? []).median
for (const what of ['hit', '304']) {
  const nginx = medianOf(NGINX, what)
  console.log(`${what}: ${NGINX} ${nginx.toFixed(1)} µs of CPU`)
  for (const name of [EVERYBODY, OWN]) {
    const ours = medianOf(name, what)
    console.log(`${what}: ${name} ${ours.toFixed(1)} µs, ${(nginx / ours).toFixed(2)} × nginx's speed for the same CPU`)
  }
}
