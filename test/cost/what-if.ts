/**
 * npm run e2e:what-if [seconds]
 *
 * Whether what a what-if says comes true: records calls that come in an order of chance, asks what they would have cost and how long they
 * would have taken with another contract, and then has the same calls come to an Ebb with that contract. Prints both, and ends with
 * status 1 where money or p99 differ by more than 10 %.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { readWhatIf } from '../../src/protocol/admin/cost.ts'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'
import { watchInstances } from './watch-instances.ts'

const seconds = Number(process.argv[2] ?? 150)
const [IDLE_MS, MAX_DIFFERENCE, SETTLED_MS] = [8_000, 0.1, 12_000]

const files = ({ scale = '', cache = '' }) => ({
  'functions/get-rates/contract.ts': `
    import { endpoint } from 'ebb/contract'
    import * as z from 'zod'
    export default endpoint({
      name: 'get-rates', summary: 'Read the rates of a day.', method: 'GET', path: '/v1/rates/{day}',
      params: z.object({ day: z.string().max(20) }), reply: { status: 200, body: z.object({ day: z.string() }) },
      access: { anonymous: true }, ${scale} ${cache}
    })`,
  'functions/get-rates/handler.ts': `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, async ({ params }, { sql }) => {
      await sql\`select pg_sleep(0.2)\`
      return { day: params.day }
    })`,
  'functions/get-rates/index.ts': `
    import { serve } from 'ebb/http'
    import handler from './handler.ts'
    serve(handler)`,
})

/** The same in each run: bursts of requests, and pauses of which some are longer than instances idle. */
function plan() {
  let state = 42
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x7fffffff
  }
  const sends: { readonly at: number; readonly day: string }[] = []
  for (let at = 0.5; at < seconds; at += random() < 0.3 ? 10 + random() * 8 : 0.5 + random() * 4)
    for (let i = 0; i < 1 + random() * 4; i++) sends.push({ at: at + i * 0.05, day: `day-${Math.floor(random() * 6)}` })
  return sends
}

type Answer = AdminOutput<typeof readWhatIf>

async function ask({ ready }: TestEbb, change: string): Promise<Answer> {
  const url = new URL(`/v1/cost/what-if?function=get-rates&${change}`, ready.admin)
  const response = await fetch(url, { headers: { authorization: `Bearer ${ready.adminKey}` } })
  return (await response.json()) as Answer
}

async function run(parts: { readonly scale?: string; readonly cache?: string }, changes: readonly string[]) {
  const { root, remove } = await copyCheckout(files(parts))
  const ebb = await startEbb({ root, env: { EBB_IDLE_MS: String(IDLE_MS) } })
  try {
    const watched = watchInstances(ebb.events)
    const beganAt = performance.now()
    const took: number[] = []
    const sent = plan().map(async ({ at, day }) => {
      await delay(Math.max(0, at * 1_000 - (performance.now() - beganAt)))
      const sentAt = performance.now()
      await (await ebb.call('GET', `/v1/rates/${day}`, { key: '' })).arrayBuffer()
      took.push(performance.now() - sentAt)
    })
    await Promise.all(sent)
    await untilTrue(() => watched.running() === 0, { limitMs: 120_000, what: 'no function runs' })
    const lived = watched.seconds().get('get-rates') ?? 0
    watched.close()
    // The last minute is written when it is over.
    await delay(changes.length > 0 ? 60_000 + SETTLED_MS : 0)
    const p99Ms = took.sort((a, b) => a - b)[Math.ceil(took.length * 0.99) - 1] ?? 0
    return { lived, p99Ms, starts: watched.count(), answers: await Promise.all(changes.map((one) => ask(ebb, one))) }
  } finally {
    await ebb.stop()
    await remove()
  }
}

const EXPERIMENTS = [
  { change: 'concurrency=1', parts: { scale: 'scale: { concurrency: 1 },' } },
  { change: 'maxAgeSeconds=20', parts: { cache: 'cache: { maxAgeSeconds: 20, shared: true },' } },
]

const before = await run({}, EXPERIMENTS.map(({ change }) => change))
for (const [i, { change, parts }] of EXPERIMENTS.entries()) {
  const answer = before.answers[i]
  if (!answer) throw new Error('no answer')
  if (i === 0)
    console.log(
      `recorded: ${answer.recorded.instanceSeconds.toFixed(1)} s of instances (lived: ${before.lived.toFixed(1)} s), ${answer.recorded.coldStarts} starts, p99 ${answer.recorded.p99Ms?.toFixed(0)} ms (seen: ${before.p99Ms.toFixed(0)} ms); fitted idle time ${answer.idleSeconds.toFixed(1)} s`,
    )
  const after = await run(parts, [])
  const { instanceSeconds, p99Ms, coldStarts, calls } = answer.changed
  const apart = [instanceSeconds / after.lived - 1, (p99Ms ?? 0) / after.p99Ms - 1]
  console.log(
    `${change}: ${instanceSeconds.toFixed(1)} s predicted, ${after.lived.toFixed(1)} s lived; p99 ${p99Ms?.toFixed(0)} ms predicted, ${after.p99Ms.toFixed(0)} ms seen; ${calls.toFixed(0)} calls, ${coldStarts} starts predicted, ${after.starts} seen; ${apart.map((part) => `${(part * 100).toFixed(1)} %`).join(' and ')} apart`,
  )
  if (apart.some((part) => Math.abs(part) > MAX_DIFFERENCE)) process.exitCode = 1
}
