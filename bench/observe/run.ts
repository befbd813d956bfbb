/**
 * node bench/observe/run.ts [rounds]
 *
 * What the laptop's traces cost whoever does not look at them: requests a second to one function of an Ebb that keeps them, and of one
 * that exports nothing, on one machine at the same time, in turns. Medians, and the ratio of each pair.
 */
import { loadavg } from 'node:os'
import { Pool } from 'undici'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { startEbb } from '../../test/support/ebb.ts'
import { quartiles } from '../measure/samples.ts'

const rounds = Number(process.argv[2] ?? 15)
const [CONNECTIONS, ROUND_MS] = [32, 2_000]

const checkout = await copyCheckout(functionFiles('get-pid', 'return { pid: process.pid }'))
const settings = { EBB_IDLE_MS: '600000' }
const on = await startEbb({ root: checkout.root, env: settings })
const off = await startEbb({ root: checkout.root, env: { ...settings, OTEL_TRACES_EXPORTER: 'none' } })
const pools = [on, off].map(
  ({ ready }) => new Pool(ready.url.replace('localhost', '127.0.0.1'), { connections: CONNECTIONS }),
)

async function requestsPerSecond(pool: Pool): Promise<number> {
  const endAt = performance.now() + ROUND_MS
  let answered = 0
  const send = async () => {
    while (performance.now() < endAt) {
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: '/v1/get-pid',
        headers: { host: 'localhost' },
      })
      await body.dump()
      if (statusCode !== 200) throw new Error(`it answered ${statusCode}`)
      answered++
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, send))
  return (answered * 1_000) / ROUND_MS
}

const rates: (readonly number[])[] = []
for (let round = -1; round < rounds; round++) {
  // Each goes first as often as the other.
  const order = round % 2 === 0 ? [0, 1] : [1, 0]
  const rate = [0, 0]
  for (const i of order) rate[i] = await requestsPerSecond(pools[i] as Pool)
  // The first round starts the functions.
  if (round >= 0) rates.push(rate)
}
const [withTraces, without, ratio] = [
  ...[0, 1].map((i) => quartiles(rates.map((rate) => rate[i] ?? 0))),
  quartiles(rates.map(([a = 0, b = 1]) => a / b)),
]
console.log({ withTraces, without, ratio, load: loadavg()[0] })

await Promise.all(pools.map((pool) => pool.close()))
await Promise.all([on.stop(), off.stop()])
await checkout.remove()
