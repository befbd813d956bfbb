/**
 * node bench/canary/run.ts [runs] [seed]
 *
 * How often the judge aborts a canary that is fine, and how many requests to a canary it takes to find one that is not: simulated, each line
 * so many runs, the same for one seed. A run is what a canary goes through by default: 120 requests at 10 % of the callers, and 120 at 50 %.
 */
import { parseArgs } from 'node:util'
import { DEFAULT_REQUESTS, DEFAULT_STEPS } from '../../src/protocol/canary/steps.ts'
import { SCENARIOS } from './scenarios.ts'
import { simulate } from './simulate.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const runs = Number(positionals[0] ?? 10_000)
const seed = Number(positionals[1] ?? 1)

const percent = (part: number) => `${(part * 100).toFixed(2)} %`
const pad = (cells: readonly string[]) =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(58) : cell.padStart(11))).join(' ')
const steps = DEFAULT_STEPS.map((share) => `${share} %`).join(' and ')
process.stdout.write(`${runs} runs a line, seed ${seed}; ${DEFAULT_REQUESTS} requests to the canary at ${steps}\n`)
process.stdout.write(`${pad(['', 'aborted', 'within 120', 'median', '95th'])}\n`)
for (const scenario of SCENARIOS) {
  const ended = Array.from({ length: runs }, (_, run) => simulate(scenario, seed * runs + run))
  const spent = ended.flatMap(({ abortedAfter }) => abortedAfter ?? []).sort((a, b) => a - b)
  // Of all runs: those that were not aborted took longer than any.
  const at = (part: number) => String(spent[Math.ceil(runs * part) - 1] ?? '-')
  const within = spent.filter((requests) => requests <= DEFAULT_REQUESTS).length
  process.stdout.write(
    `${pad([scenario.name, percent(spent.length / runs), percent(within / runs), at(0.5), at(0.95)])}\n`,
  )
}
