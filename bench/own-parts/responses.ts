/**
 * node bench/own-parts/responses.ts [rounds] [requests to warm up]
 *
 * What it is worth to end the responses of one turn of the event loop together (src/http/batch-responses.ts): say-hello as
 * its image holds it, with that and with each response ended by itself, under 64 connections. Both are kept running, and
 * answer in turns, since what they cost each depends on what else the machine does. Prints the medians of the CPU time
 * that a request takes in the function, and in its client, which is woken less often; and of the requests a second.
 */
import { loadavg } from 'node:os'
import { load, loadGenerator } from '../measure/load.ts'
import { prepareStart } from '../measure/prepare-start.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { buildSayHello } from '../measure/subjects.ts'

const rounds = Number(process.argv[2] ?? 15)
const SECONDS = 2
const WARM_UP_REQUESTS = Number(process.argv[3] ?? 15_000)

const AT_ONCE = `import type { ServerResponse } from 'node:http'
export const endInBatch = (response: ServerResponse, body: string | Uint8Array): void => void response.end(body)
`

await using sink = await startOtlpSink()
await using together = await buildSayHello({ name: 'together' })
await using atOnce = await buildSayHello({ name: 'each by itself', files: { 'src/http/batch-responses.ts': AT_ONCE } })
const subjects = [together.subject, atOnce.subject].map((subject) => ({
  ...subject,
  env: { ...subject.env, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
}))

await using opened = new AsyncDisposableStack()
const running = []
for (const subject of subjects) {
  const start = await prepareStart(subject)
  running.push({ subject, started: opened.use(await start()) })
}
for (const { subject, started } of running) {
  for (let sent = 0; sent < WARM_UP_REQUESTS; ) sent += (await load(started, subject, SECONDS)).requests
}
const samples = new Map(
  subjects.map(({ name }) => [name, { function: [] as number[], client: [] as number[], rate: [] as number[] }]),
)
for (let round = 0; round < rounds; round++) {
  for (const { subject, started } of shuffled(running)) {
    const before = process.cpuUsage()
    const { cpuMicros, requestsPerSecond, requests } = await load(started, subject, SECONDS)
    const { user, system } = process.cpuUsage(before)
    const sample = samples.get(subject.name)
    sample?.function.push(cpuMicros)
    sample?.client.push((user + system) / requests)
    sample?.rate.push(requestsPerSecond)
  }
}
const medians = [...samples].map(([name, { function: own, client, rate }]) => ({
  ...{ name, own: quartiles(own), client: quartiles(client).median, rate: quartiles(rate).median },
  both: quartiles(own.map((micros, i) => micros + (client[i] ?? 0))),
}))
const base = medians[0]
console.log(
  `A response: Node ${process.version}, ${loadGenerator}, ${rounds} interleaved rounds of ${SECONDS} s, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(
  medians.map(({ name, own, client, both, rate }) => ({
    name,
    'CPU µs, function': own.median.toFixed(1),
    'CPU µs, client': client.toFixed(1),
    both: both.median.toFixed(1),
    'quartiles of both': `${both.first.toFixed(1)} to ${both.third.toFixed(1)}`,
    'ratio of both': (both.median / (base?.both.median ?? Number.NaN)).toFixed(2),
    'requests/s': rate.toFixed(0),
    'ratio of the rate': (rate / (base?.rate ?? Number.NaN)).toFixed(2),
  })),
)
