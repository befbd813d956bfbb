/**
 * node bench/worst-body/run.ts [rounds] [seed]
 *
 * Which body of the allowed size (1 MiB) costs a gateway most: parsing, validation, and the answer that names its issues. A
 * search over shapes, by chance at first and then near the worst so far, for so many rounds (60) of each kind of contract; most are such as the contract takes.
 * Each body is measured in a process of its own. Prints the worst ones by the time of the processor, for which the gateway
 * serves no other request, and by the memory that is taken at the most, as multiples of the body.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { inheritedEnv } from 'ebb/kernel'
import { ACCEPTED_SHAPES, CONTRACTS } from './contracts.ts'
import type { Cost } from './measure-cost.ts'
import { mutate, randomShape, type Shape } from './shape.ts'

const rounds = Number(process.argv[2] ?? 60)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
let state = seed
/** mulberry32: the same seed makes the same search. */
const random = () => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

interface Trial extends Cost {
  readonly contract: string
  readonly shape: Shape
}

function measureCost(contract: string, shape: Shape): Trial {
  const file = join(import.meta.dirname, 'measure-cost.ts')
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', file, JSON.stringify({ contract, shape })], {
    ...{ encoding: 'utf8', env: inheritedEnv(['PATH', 'HOME']) },
  })
  if (!stdout) throw new Error(`no cost of ${JSON.stringify({ contract, shape })}: ${stderr}`)
  return { contract, shape, ...(JSON.parse(stdout) as Cost) }
}

const BY = { cpuMs: (one: Trial) => one.cpuMs, memory: (one: Trial) => one.memoryTimes }
const trials: Trial[] = []
for (const contract of Object.keys(CONTRACTS)) {
  for (let round = 0; round < rounds; round++) {
    const own = trials.filter((one) => one.contract === contract)
    const measure = round % 2 === 0 ? BY.cpuMs : BY.memory
    const worst = own.sort((a, b) => measure(b) - measure(a))[0]
    const byChance = random() < 0.7 ? { ...randomShape(random), ...ACCEPTED_SHAPES[contract] } : randomShape(random)
    trials.push(measureCost(contract, worst && random() < 0.6 ? mutate(worst.shape, random) : byChance))
  }
}

console.log(`${trials.length} bodies, seed ${seed}`)
for (const [what, measure] of Object.entries(BY)) {
  console.log(`\nworst by ${what}`)
  for (const { contract, shape, ...cost } of [...trials].sort((a, b) => measure(b) - measure(a)).slice(0, 5)) {
    const figures = `${cost.cpuMs.toFixed(1)} ms (harmless ${cost.harmlessMs.toFixed(1)}), ${cost.memoryTimes.toFixed(1)} x the body, answer ${cost.answerBytes} bytes`
    console.log(`  ${figures}  ${contract} ${JSON.stringify(shape)}`)
  }
}
