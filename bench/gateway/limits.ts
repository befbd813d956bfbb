/**
 * node bench/gateway/limits.ts [seconds]
 *
 * How exact a rate is over two gateways on one Redis: a caller whose plan has 100 requests a second sends three times as
 * many to both gateways in turn, first until its burst is used up, and then for so many seconds (60). Once more while Redis is
 * killed after a third of the time, and another one started in its place after two thirds. Prints what was let through,
 * beside what the rate allows, and what other answers there were than 200 and 429. Redis may take a second to answer: what
 * is measured is the count, not how busy this machine is.
 */
import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { startProgram } from '../../src/dev/processes/start-child.ts'
import { startGateways } from './start-gateways.ts'

const seconds = Number(process.argv[2] ?? 60)
const RATE = { requests: 100, perSeconds: 1, burst: 100 }
const WARM_UP_SECONDS = 5
const SENT_PER_SECOND = 3 * RATE.requests

const run = await startGateways(
  2,
  { steady: { rate: RATE }, killed: { rate: RATE } },
  { EBB_RATE_LIMIT_TIMEOUT_MS: '1000' },
)
await using _started = run
const pools = run.gateways.map(({ url }) => new Pool(url, { connections: 64 }))

async function send(token: string, i: number): Promise<number | string> {
  try {
    const pool = pools[i % pools.length]
    const answer = await pool?.request({ path: '/v1/things', method: 'GET', headers: { 'x-api-key': token } })
    await answer?.body.dump()
    return answer?.statusCode ?? 'none'
  } catch (error) {
    return String(Object(error).code ?? error)
  }
}

/** Sends at a steady pace, whatever comes back, by the clock and not by the number of waits. Returns the seconds that it took. */
async function sendSteadily(token: string, forSeconds: number, answers: Promise<number | string>[]): Promise<number> {
  const beganAt = performance.now()
  const before = answers.length
  for (;;) {
    const elapsed = (performance.now() - beganAt) / 1_000
    if (elapsed >= forSeconds) return elapsed
    while (answers.length - before < elapsed * SENT_PER_SECOND) answers.push(send(token, answers.length))
    await delay(5)
  }
}

async function measure(plan: string) {
  const token = await run.keyOf(plan)
  const answers: Promise<number | string>[] = []
  await sendSteadily(token, WARM_UP_SECONDS, answers)
  const [before, sentBefore] = [run.calls.passed, answers.length]
  const took = await sendSteadily(token, seconds, answers)
  const [passed, sent] = [run.calls.passed - before, answers.length - sentBefore]
  const counts = new Map<number | string, number>()
  for (const status of await Promise.all(answers)) counts.set(status, (counts.get(status) ?? 0) + 1)
  const others = [...counts].filter(([status]) => status !== 200 && status !== 429)
  const allowed = took * RATE.requests
  return {
    ...{ run: plan, sent, 'let through': passed, 'the rate allows': allowed.toFixed(0) },
    'of that': `${((100 * passed) / allowed).toFixed(2)} %`,
    'other answers': others.map((one) => one.join(' x ')).join(', ') || 'none',
  }
}

const steady = await measure('steady')
const outage = (async () => {
  await delay(WARM_UP_SECONDS * 1_000 + (seconds * 1_000) / 3)
  process.kill(run.redis.pid, 'SIGKILL')
  await delay((seconds * 1_000) / 3)
  const { port } = new URL(run.redis.url)
  const flags = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  return startProgram(['redis-server', ...flags], { onLine: () => {} })
})()
const killed = await measure('killed')
const second = await outage
second.disconnect()
await Promise.all(pools.map((pool) => pool.destroy()))
console.log(`Two gateways, ${seconds} s each, load average now ${loadavg()[0]?.toFixed(1)}`)
console.table([steady, killed])
