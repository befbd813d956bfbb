/**
 * node bench/observe/run.ts [rounds]
 *
 * What it costs that somebody looks: requests a second to one function of an Ebb that keeps its traces, with five pages of the console open in a
 * Chromium of which one follows all requests, and of an Ebb that exports nothing and that nobody looks at, on one machine at the same time, in
 * turns. Prints medians, the ratio of each pair, and the CPU that a request takes of all of Ebb's processes. Then nothing is sent, and all instances must end
 * while the console is still open. Needs Chromium.
 */
import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { findProcesses, startEbb, type TestEbb } from '../../test/support/ebb.ts'
import { untilTrue } from '../../test/support/until.ts'
import { readCpuMicros } from '../measure/process-usage.ts'
import { quartiles } from '../measure/samples.ts'
import { openConsole } from './open-console.ts'

const rounds = Number(process.argv[2] ?? 15)
const [CONNECTIONS, ROUND_MS, STILL_ZERO_MS] = [32, 2_000, 10_000]

const checkout = await copyCheckout(functionFiles('get-pid', 'return { pid: process.pid }'))
const settings = { EBB_IDLE_MS: '30000' }
const on = await startEbb({ root: checkout.root, env: settings })
const off = await startEbb({ root: checkout.root, env: { ...settings, OTEL_TRACES_EXPORTER: 'none' } })
const subjects = [on, off].map((ebb) => ({
  ebb,
  pool: new Pool(ebb.ready.url.replace('localhost', '127.0.0.1'), { connections: CONNECTIONS }),
}))

async function cpuOf({ folder }: TestEbb): Promise<number> {
  const times = (await findProcesses(folder)).map((pid) => readCpuMicros(pid).catch(() => 0))
  return (await Promise.all(times)).reduce((sum, micros) => sum + micros, 0)
}

async function measure({ ebb, pool }: (typeof subjects)[number]) {
  const before = await cpuOf(ebb)
  const endAt = performance.now() + ROUND_MS
  let answered = 0
  const send = async () => {
    while (performance.now() < endAt) {
      const headers = { host: 'localhost' }
      const { statusCode, body } = await pool.request({ method: 'GET', path: '/v1/get-pid', headers })
      await body.dump()
      if (statusCode !== 200) throw new Error(`it answered ${statusCode}`)
      answered++
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, send))
  return { rate: (answered * 1_000) / ROUND_MS, cpuMicros: ((await cpuOf(ebb)) - before) / answered }
}

type Measured = Awaited<ReturnType<typeof measure>>
const measured: (readonly [on: Measured, off: Measured])[] = []
{
  await using opened = await openConsole(on.ready)
  for (let round = -1; round < rounds; round++) {
    // Each goes first as often as the other.
    const order = round % 2 === 0 ? subjects : subjects.toReversed()
    const results = new Map<TestEbb, Measured>()
    for (const subject of order) results.set(subject.ebb, await measure(subject))
    const [seen, unseen] = [results.get(on), results.get(off)]
    // The first round starts the functions.
    if (round >= 0 && seen && unseen) measured.push([seen, unseen])
  }
  const [shown, load] = [await opened.shown(), loadavg()[0]]
  const figures = (of: (pair: (typeof measured)[number]) => number) => quartiles(measured.map(of))
  console.log({
    requestsPerSecond: { on: figures(([on]) => on.rate), off: figures(([, off]) => off.rate) },
    ratio: figures(([on, off]) => on.rate / off.rate),
    cpuMicros: { on: figures(([on]) => on.cpuMicros), off: figures(([, off]) => off.cpuMicros) },
    ratioOfCpu: figures(([on, off]) => off.cpuMicros / on.cpuMicros),
    ...{ shown, load },
  })
  const instances = async () => (await on.functions()).reduce((sum, one) => sum + one.instances, 0)
  await untilTrue(async () => (await instances()) === 0, { limitMs: 120_000, what: 'all instances have ended' })
  await delay(STILL_ZERO_MS)
  console.log(`with the console open, ${await instances()} instances run after all have ended`)
}

await Promise.all(subjects.map(({ pool }) => pool.close()))
await Promise.all(subjects.map(({ ebb }) => ebb.stop()))
await checkout.remove()
