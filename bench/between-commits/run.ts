/**
 * node bench/between-commits/run.ts FOLDER [runs]
 *
 * What a change costs: cold start, memory and throughput of the same functions, built by this checkout and by the one in
 * FOLDER (`git worktree add FOLDER REF`, and its packages installed), in one run and in an order of chance. Prints the
 * medians of both and their ratio. The throughput is that of 2 s after 4 s to warm up, in a third of the runs.
 */
import { loadavg } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { load, loadGenerator } from '../measure/load.ts'
import { prepareStart, type Subject } from '../measure/prepare-start.ts'
import { readMemory } from '../measure/process-usage.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { ourSubjects } from '../measure/subjects.ts'

const [folder, count = '30'] = process.argv.slice(2)
if (!folder) throw new Error('name the folder of the other checkout')
const runs = Number(count)
const [WARM_UP_SECONDS, SECONDS, SETTLE_MS] = [4, 2, 30]

await using sink = await startOtlpSink()
const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }
await using here = await ourSubjects({ label: 'here' })
await using there = await ourSubjects({ root: resolve(folder), label: 'there' })
const subjects = [...here.subjects, ...there.subjects].map((one) => ({ ...one, env: { ...traced, ...one.env } }))
const figures = new Map<string, number[]>()

for (const subject of subjects) await measureStart(subject)
figures.clear()
for (let run = 0; run < runs; run++) {
  for (const subject of shuffled(subjects)) await measureStart(subject)
  if (run % 3 === 0) for (const subject of shuffled(subjects)) await measureLoad(subject)
}
const names = [...figures.keys()].filter((name) => name.startsWith('here ')).map((name) => name.slice('here '.length))
console.log(
  `Node ${process.version}, ${runs} interleaved runs, ${loadGenerator}, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(
  names.map((name) => {
    const [ours, theirs] = ['here', 'there'].map((label) => quartiles(figures.get(`${label} ${name}`) ?? []).median)
    return { name, here: ours?.toFixed(1), there: theirs?.toFixed(1), ratio: ((ours ?? 0) / (theirs ?? 0)).toFixed(3) }
  }),
)

async function measureStart(subject: Subject) {
  const start = await prepareStart(subject)
  await using started = await start()
  await delay(SETTLE_MS)
  record(`${subject.name}: first answer, ms`, started.firstAnswerMs)
  record(`${subject.name}: RSS, MB`, (await readMemory(started.pid)).rssMb)
}

async function measureLoad(subject: Subject) {
  if (subject.startOnly) return
  const start = await prepareStart(subject)
  await using started = await start()
  await load(started, subject, WARM_UP_SECONDS)
  const { requestsPerSecond, cpuMicros } = await load(started, subject, SECONDS)
  record(`${subject.name}: requests/s`, requestsPerSecond)
  record(`${subject.name}: CPU of a request, µs`, cpuMicros)
}

function record(name: string, value: number) {
  const values = figures.get(name) ?? []
  figures.set(name, values)
  values.push(value)
}
