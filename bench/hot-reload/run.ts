/**
 * node bench/hot-reload/run.ts [saves]
 *
 * From a save to its first answer, while 50 requests a second run: median and worst, and how many requests failed.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { startEbb } from '../../test/support/ebb.ts'

const saves = Number(process.argv[2] ?? 20)
const REQUESTS_PER_SECOND = 50
const NAME = 'get-pid'
const HANDLER = `functions/${NAME}/handler.ts`

const checkout = await copyCheckout(functionFiles(NAME, 'return { pid: 0 }'))
const ebb = await startEbb({
  root: checkout.root,
  dataDir: join(checkout.root, '.ebb'),
  env: { EBB_IDLE_MS: '600000' },
})
const url = `${ebb.ready.url}/v1/${NAME}`
const answer = async () => ((await (await fetch(url)).json()) as { pid: number }).pid
await answer()

const statuses: number[] = []
const asking = setInterval(() => {
  fetch(url).then(
    ({ status }) => statuses.push(status),
    () => statuses.push(0),
  )
}, 1_000 / REQUESTS_PER_SECOND)

const tookMs: number[] = []
for (let save = 1; save <= saves; save++) {
  await delay(500)
  const savedAt = performance.now()
  await writeFile(join(checkout.root, HANDLER), functionFiles(NAME, `return { pid: ${save} }`)[HANDLER] ?? '')
  while ((await answer()) !== save) await delay(5)
  tookMs.push(performance.now() - savedAt)
}
clearInterval(asking)
await delay(200)
await ebb.stop()
await checkout.remove()

const sorted = tookMs.toSorted((a, b) => a - b)
const failed = statuses.filter((status) => status !== 200).length
console.log(
  `${saves} saves, ${statuses.length} requests at ${REQUESTS_PER_SECOND}/s: save to served median ${sorted[Math.floor(saves / 2)]?.toFixed(0)} ms,` +
    ` worst ${sorted.at(-1)?.toFixed(0)} ms; ${failed} requests failed`,
)
