import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CASES } from '../../src/conformance/cases.ts'
import { type Outcome, runConformance, type Target } from '../../src/conformance/index.ts'
import { tryContracts } from '../../src/deploy/import-sources.ts'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb } from '../support/ebb.ts'
import { emptyProject } from './conformance-project.ts'

const index = "import { serve } from 'ebb/http'\nimport handler from './handler.ts'\nserve(handler)\n"
const handlerOf = (uses: string, body: string) => `
  import { postgres } from 'ebb/data'
  import { implement } from 'ebb/http'
  import contract from './contract.ts'
  export default implement(contract, { sql: postgres }, async (${uses}) => { ${body} })`
const contractOf = (parts: string) => `
  import { endpoint } from 'ebb/contract'
  import * as z from 'zod'
  export default endpoint({ summary: 'A test.', ${parts} })`

/** A project that never saw a conformance function, and its own: a read of which few are allowed, and a write that takes each number once. */
const FILES: Readonly<Record<string, string>> = {
  'domain/migrations/0001.do.numbers.sql': 'create table numbers (number integer primary key);',
  'functions/tell-time/contract.ts': contractOf(`
    name: 'tell-time', method: 'GET', path: '/v1/time', limit: { requests: 2, perSeconds: 1 },
    reply: { status: 200, body: z.object({ time: z.string() }) }, access: { anonymous: true },`),
  'functions/tell-time/handler.ts': handlerOf('', 'return { time: new Date().toISOString() }'),
  'functions/tell-time/index.ts': index,
  'functions/take-number/contract.ts': contractOf(`
    name: 'take-number', method: 'POST', path: '/v1/numbers', body: z.object({ number: z.int().min(0).max(1_000) }),
    reply: { status: 201, body: z.object({ number: z.int() }), location: '/v1/numbers/{number}' },
    failures: { number_taken: 409 }, access: { scopes: ['numbers:write'] }, idempotent: true, async: true,
    examples: { seven: { body: { number: 7 } } },`),
  'functions/take-number/handler.ts': handlerOf(
    '{ body: { number } }, { sql, fail }',
    `const taken = await sql.one\`insert into numbers values (\${number}) on conflict do nothing returning number\`
     if (!taken) throw fail('number_taken', 'It is taken.')
     return { number }`,
  ),
  'functions/take-number/index.ts': index,
}

const closers: (() => Promise<unknown>)[] = []
let target: Target
beforeAll(async () => {
  const { root, remove } = await copyCheckout()
  closers.push(remove)
  await emptyProject(root)
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const ebb = await startEbb({ root, dataDir: join(root, '.ebb') })
  closers.push(ebb.stop)
  const { url, admin, adminKey } = ebb.ready
  const { contracts, errors } = await tryContracts(root)
  expect(errors).toEqual({})
  target = { url, admin: { url: admin, key: adminKey }, contracts, patienceMs: 60_000 }
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const namesOf = (outcomes: readonly Outcome[], wanted: Outcome['outcome']) =>
  outcomes.filter(({ outcome }) => outcome === wanted).map(({ name }) => name)
const reasonsOf = (outcomes: readonly Outcome[]) => [
  ...new Set(outcomes.flatMap(({ outcome, why }) => (outcome === 'skipped' ? [why] : []))),
]

describe('a project without conformance functions', () => {
  it('is checked by what its contracts offer; what they do not is skipped with the reason', async () => {
    const outcomes = await runConformance(target)
    expect(outcomes.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(reasonsOf(outcomes).sort()).toEqual([
      'needs a way to replace the instances of a function, which the tests of Ebb have',
      expect.stringMatching(
        /^nothing to run on: no GET that is open to everybody says its version; npx ebb conformance add/,
      ),
      expect.stringMatching(/^nothing to run on: no contract takes webhooks; npx ebb conformance add/),
      expect.stringMatching(
        /^nothing to run on: the conformance functions are not deployed there; npx ebb conformance add/,
      ),
    ])
    const needMore = CASES.filter(
      ({ needsFunctions, name }) => needsFunctions || name.includes('a version that') || name.startsWith('webhooks in'),
    )
    expect(namesOf(outcomes, 'skipped')).toEqual(needMore.map(({ name }) => name))
  })

  it('is checked for what every Ebb promises where its contracts are not at hand either', async () => {
    const outcomes = await runConformance({ ...target, contracts: {} })
    expect(outcomes.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(namesOf(outcomes, 'passed').length).toBeGreaterThan(15)
    expect(reasonsOf(outcomes)).toContainEqual(expect.stringMatching(/^nothing to run on: no endpoint has a limit;/))
  })
})
