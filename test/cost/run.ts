/**
 * npm run e2e:cost [requests] [seconds]
 *
 * Whether the seconds that `ebb cost` prices are those that processes have lived: sends mixed requests (default: 10,000) to a laptop, waits
 * until no function runs, each of which is idle for so long (default: 30), and compares, by function, what GET /v1/cost says with what /proc said of each process. Ends with status 1
 * where the sums differ by more than 0.1 %.
 */
import { loadavg } from 'node:os'
import { startEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'
import { sendMixed } from './mixed-requests.ts'
import { readWholeCost } from './read-cost.ts'
import { watchInstances } from './watch-instances.ts'

const requests = Number(process.argv[2] ?? 10_000)
const idleSeconds = Number(process.argv[3] ?? 30)
const MAX_DIFFERENCE = 0.001
const ebb = await startEbb({ env: { EBB_IDLE_MS: String(idleSeconds * 1_000) } })
try {
  const watched = watchInstances(ebb.events)
  await sendMixed(ebb, { requests })
  await readWholeCost(ebb, requests)
  await untilTrue(() => watched.running() === 0, { limitMs: 600_000, what: 'no function runs' })
  watched.close()
  const cost = await readWholeCost(ebb, requests)
  const lives = watched.seconds()
  let [account, lived] = [0, 0]
  for (const { name, requests, calls, seconds } of cost.functions) {
    const { starting, busy, idle, warm } = seconds
    const sum = starting + busy + idle + warm
    const life = lives.get(name) ?? 0
    account += sum
    lived += life
    console.log(
      `${name.padEnd(20)} ${String(requests).padStart(6)} requests ${String(calls).padStart(6)} calls, busy ${busy.toFixed(2)} s, ${sum.toFixed(3)} s of ${life.toFixed(3)} s`,
    )
  }
  const difference = Math.abs(account - lived) / lived
  console.log(
    `${requests} requests, ${watched.count()} processes: ${account.toFixed(3)} s accounted for, ${lived.toFixed(3)} s lived, ${(difference * 100).toFixed(3)} % apart, ${(((lived - account) * 1_000) / watched.count()).toFixed(0)} ms for each; idle for ${idleSeconds} s, load ${loadavg()[0]?.toFixed(1)}`,
  )
  if (!(difference <= MAX_DIFFERENCE)) process.exitCode = 1
} finally {
  await ebb.stop()
}
