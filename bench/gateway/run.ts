/**
 * node bench/gateway/run.ts [seconds] [rounds] [rate]
 *
 * What gateways cost, each on one core of its own, in front of the same upstream; the load (wrk) and all else on another core:
 * haproxy and nginx as plain proxies, undici's dispatch, Express with the usual parts, and Ebb with every policy on, in interleaved
 * rounds in an order of chance. Prints medians of the CPU that a request takes and of how long it takes, at so many requests a
 * second (1,000) and at as many as are answered, and the ratios. At a rate the callers and the upstream sleep between requests
 * and have to be woken, whichever gateway it is; at full speed only of those that are slow. Needs two cores, wrk, haproxy, nginx,
 * redis-server and taskset, and `npm ci --prefix bench/peers`.
 */
import { loadavg } from 'node:os'
import { type Load, load } from '../measure/load.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startEnvironment } from './start-environment.ts'
import { allGateways, EBB, HAPROXY, NGINX, USUAL_PARTS } from './subjects.ts'

const seconds = Number(process.argv[2] ?? 4)
const rounds = Number(process.argv[3] ?? 5)
const rate = Number(process.argv[4] ?? 1_000)
const WARM_UP_SECONDS = 6
await using environment = await startEnvironment()
const gateways = allGateways(environment)

type Speed = 'at the rate' | 'at full speed'
const measured: { readonly gateway: string; readonly what: string; readonly speed: Speed; readonly load: Load }[] = []
for (let round = 0; round < rounds; round++) {
  for (const { name: gateway, start, requests } of shuffled(gateways)) {
    await using process = await start()
    for (const [i, request] of requests.entries()) {
      const { what } = request
      const subject = { request: () => request, expectStatus: request.status }
      await load(process, subject, i === 0 ? WARM_UP_SECONDS : 1)
      measured.push({ gateway, what, speed: 'at full speed', load: await load(process, subject, seconds) })
      measured.push({ gateway, what, speed: 'at the rate', load: await load(process, subject, seconds, { rate }) })
    }
  }
}

const medianOf = (gateway: string, what: string, speed: Speed, figure: keyof Load) => {
  const of = measured.filter((one) => one.gateway === gateway && one.what === what && one.speed === speed)
  return quartiles(of.map((one) => one.load[figure] ?? Number.NaN)).median
}
console.log(
  `64 connections from wrk: Node ${process.version}, ${rounds} interleaved rounds of ${seconds} s, load average now ${loadavg()[0]?.toFixed(1)}`,
)
const rows = gateways.flatMap(({ name, requests }) =>
  requests.map(({ what }) => ({
    ...{ gateway: name, what },
    [`CPU µs at ${rate}/s`]: medianOf(name, what, 'at the rate', 'cpuMicros').toFixed(1),
    'p50 ms': medianOf(name, what, 'at the rate', 'p50Ms').toFixed(2),
    'p99 ms': medianOf(name, what, 'at the rate', 'p99Ms').toFixed(2),
    'CPU µs at full speed': medianOf(name, what, 'at full speed', 'cpuMicros').toFixed(1),
    'requests/s': medianOf(name, what, 'at full speed', 'requestsPerSecond').toFixed(0),
  })),
)
console.table(rows)
for (const speed of ['at the rate', 'at full speed'] as const) {
  const cpuOf = (gateway: string, what: string) => medianOf(gateway, what, speed, 'cpuMicros')
  const ours = cpuOf(EBB, 'forwarded')
  console.log(
    `${speed}: Ebb with every policy on costs ${(ours / cpuOf(HAPROXY, 'forwarded')).toFixed(2)} × haproxy's CPU (goal: 3.0)`,
  )
  console.log(`${speed}: the usual parts cost ${(cpuOf(USUAL_PARTS, 'forwarded') / ours).toFixed(2)} × Ebb's (goal: 4)`)
  for (const what of ['401', '429', '304', 'hit']) {
    const ratio = cpuOf(NGINX, what) / cpuOf(EBB, what)
    if (!Number.isNaN(ratio))
      console.log(`${speed}: ${what} at ${ratio.toFixed(2)} × nginx's speed for the same CPU (goal: 0.8)`)
  }
}
