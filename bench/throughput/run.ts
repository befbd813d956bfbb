/**
 * node bench/throughput/run.ts [seconds]
 *
 * Requests a second, over 64 connections, that one process answers: bare node:http, the peers and a function of Ebb,
 * each for so many whole seconds (3) in each of five rounds, in an order of chance, after 6 s to warm up; all requests
 * are traced where tracing is on. Prints medians, their ratios to bare and to functions-framework, the CPU that the
 * process spent on a request, how much of a core it used (well below 100 %, the load was the limit), and how much it
 * exported. Sends with wrk where that is on the PATH, else with undici.
 */
import { loadavg } from 'node:os'
import { type Load, load, loadGenerator } from '../measure/load.ts'
import { prepareStart, type Subject } from '../measure/prepare-start.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { allSubjects, BARE, FUNCTIONS_FRAMEWORK } from '../measure/subjects.ts'

const seconds = Number(process.argv[2] ?? 3)
const ROUNDS = 5
/** Until V8 has compiled the last of it: with 3 s, whatever has more code than bare was still getting faster. */
const WARM_UP_SECONDS = 6

interface Throughput extends Load {
  readonly exportedBytes: number
}

await using sink = await startOtlpSink()

async function throughput(subject: Subject): Promise<Throughput> {
  const start = await prepareStart(subject)
  await using started = await start()
  await load(started, subject, WARM_UP_SECONDS)
  const before = await sink.bytes()
  const measured = await load(started, subject, seconds)
  return { ...measured, exportedBytes: ((await sink.bytes()) - before) / measured.requests }
}

await using all = await allSubjects(sink.url)
const subjects = all.subjects.filter(({ startOnly }) => !startOnly)
const measured = new Map(subjects.map(({ name }) => [name, [] as Throughput[]]))
for (let round = 0; round < ROUNDS; round++) {
  for (const subject of shuffled(subjects)) measured.get(subject.name)?.push(await throughput(subject))
}

const medianOf = (name: string, figure: keyof Throughput) =>
  quartiles((measured.get(name) ?? []).map((one) => one[figure] ?? Number.NaN)).median
const bare = medianOf(BARE, 'requestsPerSecond')
const functionsFramework = medianOf(FUNCTIONS_FRAMEWORK, 'requestsPerSecond')
const rows = subjects.map(({ name }) => {
  const rate = medianOf(name, 'requestsPerSecond')
  return {
    name,
    'requests/s': rate.toFixed(0),
    '× bare': (rate / bare).toFixed(2),
    '× functions-framework': (rate / functionsFramework).toFixed(2),
    'CPU µs a request': medianOf(name, 'cpuMicros').toFixed(1),
    'core used': `${(medianOf(name, 'coreShare') * 100).toFixed(0)} %`,
    'exported bytes a request': medianOf(name, 'exportedBytes').toFixed(0),
  }
})
console.log(
  `One process, 64 connections from ${loadGenerator}: Node ${process.version}, ${ROUNDS} interleaved rounds of ${seconds} s,` +
    ` load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(rows)
