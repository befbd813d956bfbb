/**
 * Judges mutations of contracts by `ebb contracts diff` and by oasdiff, and writes what they differ in to docs/contracts-gate.md.
 * It fails where a breaking one passes, or where nobody has said why the two differ.
 *
 *     go install github.com/oasdiff/oasdiff@latest && npm run e2e:oasdiff
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { AnyContract } from '../../../src/contract/index.ts'
import { contractsData } from '../../../src/deploy/contracts-data.ts'
import { diffContracts } from '../../../src/deploy/contracts-diff/index.ts'
import { findProgram } from '../../support/find-program.ts'
import { type Mutation, mutations } from '../mutations.ts'
import { type Judged, type Judgement, judge, versionOf } from './judge.ts'
import { writePage } from './page.ts'
import { reasonFor } from './reasons.ts'

const PAGE = 'docs/contracts-gate.md'

const oasdiff = findProgram('oasdiff')
if (!oasdiff) throw new Error('oasdiff is not on PATH: go install github.com/oasdiff/oasdiff@latest')
const seed = process.env.EBB_SEED ?? 'gate'
const all = mutations(seed, { placesEach: 12 })
const judged: Judged[] = []
const left = [...all]
const work = async () => {
  for (let next = left.shift(); next; next = left.shift()) {
    judged.push({ ...next, ebb: judgeByEbb(next), oasdiff: await judge(oasdiff, next) })
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work))

const different = judged.filter((one) => one.ebb !== breaksBy(one.oasdiff))
const unexplained = different.filter((one) => !reasonFor(one))
const missed = judged.filter(({ breaks, ebb }) => breaks && !ebb)
await writeFile(PAGE, writePage(judged, { seed, version: await versionOf(oasdiff) }))
for (const { place, change, ebb, oasdiff: said } of unexplained)
  console.log(`${place}: ${change}: ebb ${ebb ? 'breaks' : 'passes'}, oasdiff ${JSON.stringify(said)}`)
console.log(
  `${judged.length} mutations, ${judged.filter(({ breaks }) => breaks).length} of them breaking: ${missed.length} missed by contracts diff; ${different.length} judged differently by oasdiff, ${unexplained.length} of them without a reason`,
)
if (missed.length + unexplained.length > 0) process.exitCode = 1

function judgeByEbb({ before, after }: Mutation): boolean {
  return diffContracts(data(before), data(after)).some(({ effect }) => effect === 'breaks')
}

function data(contracts: readonly AnyContract[]) {
  return contractsData(Object.fromEntries(contracts.map((contract) => [contract.name, contract])))
}

function breaksBy({ errors, warnings }: Judgement): boolean {
  return errors.length + warnings.length > 0
}
