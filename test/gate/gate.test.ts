import { describe, expect, it } from '@jest/globals'
import type { AnyContract } from '../../src/contract/index.ts'
import { contractsData } from '../../src/deploy/contracts-data.ts'
import { diffContracts } from '../../src/deploy/contracts-diff/index.ts'
import { mutations } from './mutations.ts'

const all = mutations('gate')
const data = (contracts: readonly AnyContract[]) =>
  contractsData(Object.fromEntries(contracts.map((contract) => [contract.name, contract])))

/** What `contracts diff` says breaks. */
const broken = (before: readonly AnyContract[], after: readonly AnyContract[]) =>
  diffContracts(data(before), data(after)).flatMap(({ effect, says }) => (effect === 'breaks' ? [says] : []))

describe('contracts diff', () => {
  const judged = all.map((mutation) => ({ ...mutation, says: broken(mutation.before, mutation.after) }))
  const named = ({ change, place }: { change: string; place: string }) => `${place}: ${change}`
  const breaking = judged.filter(({ breaks }) => breaks)

  it('judges more than 300 mutations that break somebody, and more than 300 that break nobody', () => {
    expect(breaking.length).toBeGreaterThan(300)
    expect(judged.length - breaking.length).toBeGreaterThan(300)
  })

  it('catches each that breaks somebody', () => {
    expect(breaking.filter(({ says }) => says.length === 0).map(named)).toEqual([])
  })

  it('passes each that breaks nobody, but where one pattern takes the place of another', () => {
    const wrong = judged.filter(({ breaks, says }) => !breaks && says.length > 0)
    expect(wrong.filter(({ isUndecided }) => !isUndecided).map((one) => [named(one), one.says])).toEqual([])
    expect(wrong.every(({ says }) => says.every((line) => line.includes('pattern is')))).toBe(true)
  })

  it('is asked about what the schemas themselves prove', () => {
    const proofs = all.flatMap((one) => (one.proof ? [{ ...one.proof, name: named(one) }] : []))
    const isShown = ({ takes, refuses, value }: (typeof proofs)[number]) =>
      takes.safeParse(value).success && !refuses.safeParse(value).success
    expect(proofs.filter((proof) => !isShown(proof)).map(({ name }) => name)).toEqual([])
    expect(proofs.length).toBeGreaterThan(250)
  })
})
