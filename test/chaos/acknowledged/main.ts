/**
 * npm run chaos -- [--seed 1] [--requests 20000] [--kills 100] [--postgres-crashes 10] [--full-disks 5] [--resets 20] [--frozen 6] [--jumps 10]
 *
 * Sends requests to a gateway, two relays and three functions on a Postgres, kills, stops and cuts all of them by chance
 * meanwhile, and compares what was acknowledged with what was done. Ends with 1, and the timeline of what is lost or doubled.
 */
import { parseArgs } from 'node:util'
import { runChaos } from './run.ts'

const whole = (value: string) => ({ type: 'string', default: value }) as const
const { values } = parseArgs({
  options: {
    ...{ seed: whole(String(Date.now() % 1_000_000)), requests: whole('20000'), kills: whole('100') },
    ...{ 'postgres-crashes': whole('10'), 'full-disks': whole('5'), resets: whole('20') },
    ...{ frozen: whole('6'), jumps: whole('10') },
  },
})
const [seed, requests, frozen] = [Number(values.seed), Number(values.requests), Number(values.frozen)]
const counts = {
  ...{ kill: Number(values.kills), 'postgres crash': Number(values['postgres-crashes']) },
  ...{ 'full disk': Number(values['full-disks']), reset: Number(values.resets), 'clock jump': Number(values.jumps) },
  ...{ 'frozen relay': Math.ceil(frozen / 2), 'frozen function': Math.floor(frozen / 2) },
}
console.log(`seed ${seed}`)
const { violations, faults, figures, noDisk, timelines } = await runChaos({ seed, requests, counts, log: console.log })

if (noDisk) console.log(`NOT TESTED: a full disk, since ${noDisk}`)
for (const kind of Object.keys(counts)) console.log(`${kind}: ${faults.filter((fault) => fault.kind === kind).length}`)
for (const [what, figure] of Object.entries(figures)) console.log(`${what}: ${figure}`)
for (const { kind, name, what } of violations.slice(0, 500)) console.log(`${kind}: ${name}: ${what}`)
for (const timeline of timelines) console.log(`\n${timeline}`)
const count = (kind: string) => violations.filter((violation) => violation.kind === kind).length
console.log(`verdict: ${count('lost')} lost, ${count('doubled')} doubled, ${count('untrue')} untrue (seed ${seed})`)
process.exitCode = violations.length === 0 ? 0 : 1
