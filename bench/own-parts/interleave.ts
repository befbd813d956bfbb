import { setImmediate as nextTurn } from 'node:timers/promises'
import { quartiles, shuffled } from '../measure/samples.ts'

/** What is compared: an operation, done `times` times, and what has to follow to make it complete. */
export interface Variant {
  readonly name: string
  readonly run: (times: number) => void | Promise<void>
}

/**
 * Runs each variant once a round, in an order of chance, and prints the medians of the CPU time that an operation takes
 * (all threads, garbage collection included) and their ratios to the first variant. Two rounds more, the first, warm up.
 */
export async function interleave(what: string, variants: readonly Variant[], { rounds = 15, times = 20_000 } = {}) {
  const samples = new Map(variants.map(({ name }) => [name, [] as number[]]))
  for (let round = -2; round < rounds; round++) {
    for (const { name, run } of shuffled(variants)) {
      await nextTurn()
      const before = process.cpuUsage()
      await run(times)
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) samples.get(name)?.push((user + system) / times)
    }
  }
  const medians = [...samples].map(([name, micros]) => ({ name, ...quartiles(micros) }))
  const base = medians[0]?.median ?? Number.NaN
  console.log(`${what}: Node ${process.version}, ${rounds} interleaved rounds of ${times}`)
  console.table(
    medians.map(({ name, first, median, third }) => ({
      name,
      'CPU µs': median.toFixed(3),
      quartiles: `${first.toFixed(3)} to ${third.toFixed(3)}`,
      ratio: (median / base).toFixed(2),
    })),
  )
}
