/**
 * node bench/cold-start/run.ts [runs]
 *
 * From spawn to the first answer of bare node:http, the peers and a function of Ebb: each once a run, in an order of
 * chance. Prints median and quartiles, the medians' ratios to bare and to functions-framework, and the memory after the
 * first answer. One run more, the first, is not counted. Traced programs export to a server that takes everything.
 */
import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { prepareStart, type Subject } from '../measure/prepare-start.ts'
import { type Memory, readMemory } from '../measure/process-usage.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { allSubjects, BARE, FUNCTIONS_FRAMEWORK } from '../measure/subjects.ts'

const runs = Number(process.argv[2] ?? 30)
/** From the answer to the look at the memory: what a start does after its first answer counts too. */
const SETTLE_MS = 30

interface ColdStart extends Memory {
  readonly firstAnswerMs: number
}

async function coldStart(subject: Subject): Promise<ColdStart> {
  const start = await prepareStart(subject)
  await using started = await start()
  await delay(SETTLE_MS)
  return { firstAnswerMs: started.firstAnswerMs, ...(await readMemory(started.pid)) }
}

await using sink = await startOtlpSink()
await using all = await allSubjects(sink.url)
const { subjects } = all
const measured = new Map(subjects.map(({ name }) => [name, [] as ColdStart[]]))
for (const subject of subjects) await coldStart(subject)
for (let run = 0; run < runs; run++) {
  for (const subject of shuffled(subjects)) measured.get(subject.name)?.push(await coldStart(subject))
}

const firstAnswersOf = (name: string) => quartiles((measured.get(name) ?? []).map(({ firstAnswerMs }) => firstAnswerMs))
const bare = firstAnswersOf(BARE).median
const functionsFramework = firstAnswersOf(FUNCTIONS_FRAMEWORK).median
const rows = [...measured].map(([name, starts]) => {
  const { first, median, third } = firstAnswersOf(name)
  return {
    name,
    'median ms': median.toFixed(1),
    quartiles: `${first.toFixed(1)} to ${third.toFixed(1)}`,
    '× bare': (median / bare).toFixed(2),
    '× functions-framework': (median / functionsFramework).toFixed(2),
    'RSS MB': quartiles(starts.map(({ rssMb }) => rssMb)).median.toFixed(1),
    'peak MB': quartiles(starts.map(({ peakMb }) => peakMb)).median.toFixed(1),
  }
})
console.log(
  `Spawn to first answer: Node ${process.version}, ${runs} interleaved runs, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(rows)
