/**
 * node bench/gateway/run.ts [seconds] [rounds]
 *
 * What gateways cost, each on one core of its own, in front of the same upstream; the load (wrk) and all else on another core:
 * haproxy and nginx as plain proxies, undici's dispatch, Express with the usual parts, and Ebb with every policy on, in interleaved
 * rounds in an order of chance. Prints medians of CPU µs a request and requests a second, and the ratios. Needs two cores, wrk,
 * haproxy, nginx, redis-server and taskset, and `npm ci --prefix bench/peers`.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../src/dev/redis.ts'
import { type Load, load } from '../measure/load.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { startUpstream } from './native-proxies.ts'
import { startIssuer } from './our-gateway.ts'
import { allGateways, EBB, HAPROXY, NGINX, USUAL_PARTS } from './subjects.ts'

const seconds = Number(process.argv[2] ?? 4)
const rounds = Number(process.argv[3] ?? 5)
const WARM_UP_SECONDS = 6
const [GATEWAY_CORE, OTHER_CORE] = [0, 1]

// Whatever this process starts is on the other core, too.
execFileSync('taskset', ['-cp', String(OTHER_CORE), String(process.pid)])
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-gateway-'))
await using stack = new AsyncDisposableStack()
stack.defer(() => rm(folder, { recursive: true }))
const database = stack.use(await startDatabase())
const redis = await startRedis(process.env.PATH ?? '')
if (!redis) throw new Error('there is no redis-server or valkey-server on PATH')
stack.defer(() => redis.stop())
const sink = stack.use(await startOtlpSink())
const issuer = stack.use(await startIssuer())
const upstream = stack.use(await startUpstream(folder, OTHER_CORE))
const gateways = allGateways({
  ...{ folder, core: GATEWAY_CORE, upstreamPort: upstream.port, databaseUrl: database.url, redisUrl: redis.url },
  ...{ issuer: issuer.url, token: issuer.token, otlpUrl: sink.url },
})

const measured = new Map<string, Load[]>()
for (let round = 0; round < rounds; round++) {
  for (const { name, start, requests } of shuffled(gateways)) {
    await using process = await start()
    for (const [i, request] of requests.entries()) {
      const subject = { request: () => request, expectStatus: request.status }
      await load(process, subject, i === 0 ? WARM_UP_SECONDS : 1)
      const key = `${request.what}: ${name}`
      measured.set(key, [...(measured.get(key) ?? []), await load(process, subject, seconds)])
    }
  }
}

const cpuOf = (what: string, name: string) =>
  quartiles((measured.get(`${what}: ${name}`) ?? []).map((one) => one.cpuMicros)).median
const rows = [...measured].map(([name, loads]) => ({
  name,
  'CPU µs a request': quartiles(loads.map((one) => one.cpuMicros)).median.toFixed(1),
  'requests/s': quartiles(loads.map((one) => one.requestsPerSecond)).median.toFixed(0),
  'core used': `${(quartiles(loads.map((one) => one.coreShare)).median * 100).toFixed(0)} %`,
}))
console.log(
  `64 connections from wrk: Node ${process.version}, ${rounds} interleaved rounds of ${seconds} s, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(rows)
const ours = cpuOf('forwarded', EBB)
console.log(
  `Ebb with every policy on costs ${(ours / cpuOf('forwarded', HAPROXY)).toFixed(2)} × haproxy's CPU (goal: at most 3.0)`,
)
console.log(`The usual parts cost ${(cpuOf('forwarded', USUAL_PARTS) / ours).toFixed(2)} × Ebb's (goal: at least 4)`)
for (const what of ['401', '429', '304', 'hit']) {
  const ratio = cpuOf(what, NGINX) / cpuOf(what, EBB)
  if (!Number.isNaN(ratio))
    console.log(`${what}: ${ratio.toFixed(2)} × nginx's rate for the same CPU (goal: at least 0.8)`)
}
