/**
 * npm run e2e:soak -- [--requests 1000000] [--swaps 100] [--callers 32]
 *
 * Sends requests of all kinds (bad, cached, replayed, forwarded) to one gateway, whose functions are a server of this process,
 * and swaps its contracts meanwhile: an endpoint is added, changed and removed. Fails where one request fails, a connection is
 * dropped, or memory grows by more than its noise. With --spared instead: 10,000 bad, 10,000 cached and 1,000 replayed requests,
 * none of which may reach a function.
 */
import { parseArgs } from 'node:util'
import { type Sample, sampleMemory, slopeOf } from './memory.ts'
import { BAD, CACHED, mixed, REPLAY } from './requests.ts'
import { newTally, openCallers, sendAll } from './send.ts'
import { startSoakedGateway } from './start-gateway.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    swaps: { type: 'string', default: '100' },
    callers: { type: 'string', default: '32' },
    spared: { type: 'boolean', default: false },
  },
})
const [requests, swaps, callers] = [Number(values.requests), Number(values.swaps), Number(values.callers)]
const SAMPLES = 100
/** What is left out, since caches fill and code is compiled. */
const WARM_UP = 0.2

await using gateway = await startSoakedGateway()
const { pool, connections, close } = openCallers(gateway.url, callers)
if (values.spared) await spare()
else await soak()
await close()

async function soak() {
  const tally = newTally()
  const samples: Sample[] = []
  const swapEvery = Math.max(1, Math.floor(requests / swaps))
  const sampleEvery = Math.max(1, Math.floor(requests / SAMPLES))
  const began = performance.now()
  await sendAll(pool, {
    ...{ requests, callers, tally, make: (i) => mixed(i, gateway.key) },
    onSent: (sent) => {
      if (sent % swapEvery !== 0 && sent % sampleEvery !== 0) return undefined
      return Promise.all([
        sent % swapEvery === 0 && sent < requests ? gateway.swap() : undefined,
        sent % sampleEvery === 0
          ? sampleMemory(gateway, sent).then((sample) => void report(sample, samples))
          : undefined,
      ]).then(() => undefined)
    },
  })
  const seconds = (performance.now() - began) / 1_000
  const { reloads } = await readContracts()
  for (const [answer, count] of [...tally.answers].sort()) console.log(`${String(count).padStart(9)}  ${answer}`)
  console.log(
    `${requests} requests in ${seconds.toFixed(0)} s, ${tally.failed} failed, ${tally.shed} sent again since the gateway was late; ${gateway.calls.count} calls of functions`,
  )
  console.log(
    `contracts swapped ${swaps} times, loaded ${reloads} times; ${connections.opened} connections, ${connections.dropped} dropped`,
  )
  const settled = samples.filter((sample) => sample.requests > requests * WARM_UP)
  const grows = (['rssMiB', 'heapMiB'] as const).filter((what) => printSlope(what, settled))
  for (const failure of tally.failures) console.log(`failed: ${failure}`)
  if (tally.failed > 0 || connections.dropped > 0 || grows.length > 0) process.exitCode = 1
}

/** Prints it; returns whether it is more than noise. */
function printSlope(what: 'rssMiB' | 'heapMiB', samples: readonly Sample[]): boolean {
  const { per100k, noisePer100k } = slopeOf(samples.map((sample) => [sample.requests, sample[what]]))
  const [first, last] = [samples[0]?.[what] ?? 0, samples.at(-1)?.[what] ?? 0]
  console.log(
    `${what}: ${first.toFixed(1)} to ${last.toFixed(1)}; slope ${per100k.toFixed(2)} ± ${noisePer100k.toFixed(2)} MiB in 100,000 requests`,
  )
  return per100k > noisePer100k
}

function report(sample: Sample, samples: Sample[]) {
  samples.push(sample)
  if (samples.length % 10 !== 0) return
  const { requests, rssMiB, heapMiB } = sample
  console.log(`${requests} requests: ${rssMiB.toFixed(0)} MiB resident, ${heapMiB.toFixed(0)} MiB on the heap`)
}

async function readContracts(): Promise<{ readonly reloads: number }> {
  const response = await fetch(`${gateway.admin}/v1/contracts`, {
    headers: { authorization: `Bearer ${'a'.repeat(16)}` },
  })
  return (await response.json()) as { reloads: number }
}

async function spare() {
  const tally = newTally()
  const bad = Object.entries(BAD)
  // What is cached has to be fetched once.
  await sendAll(pool, { requests: 50, callers: 1, tally, make: (i) => ({ name: 'first', ...CACHED(i, gateway.key) }) })
  const before = gateway.calls.count
  const makeBad = (i: number) => {
    const [name, make] = bad[i % bad.length] ?? ['cached', CACHED]
    return { name, ...make(i, gateway.key) }
  }
  await sendAll(pool, { requests: 10_000, callers, tally, make: makeBad })
  await sendAll(pool, {
    requests: 10_000,
    callers,
    tally,
    make: (i) => ({ name: 'cached', ...CACHED(i, gateway.key) }),
  })
  await sendAll(pool, {
    requests: 1_000,
    callers,
    tally,
    make: (i) => ({ name: 'replayed', ...REPLAY(i, gateway.key) }),
  })
  const reached = gateway.calls.count - before
  for (const [answer, count] of [...tally.answers].sort()) console.log(`${String(count).padStart(9)}  ${answer}`)
  for (const failure of tally.failures) console.log(`failed: ${failure}`)
  console.log(
    `10,000 bad, 10,000 cached and 1,000 replayed requests: ${tally.failed} failed, ${tally.shed} sent again since the gateway was late, ${reached} reached a function`,
  )
  if (tally.failed > 0 || reached > 0) process.exitCode = 1
}
