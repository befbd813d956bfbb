import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CASES } from '../../src/conformance/cases.ts'
import { type Outcome, runConformance } from '../../src/conformance/index.ts'
import { tryContracts } from '../../src/deploy/import-sources.ts'
import { startEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'
import { conformanceProject } from './conformance-project.ts'

const HOOKS_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
/** No function of conformance takes webhooks: its secret would have to be on every target. */
const TAKE_HOOKS = {
  'functions/take-hooks/contract.ts': `
    import { payload, receive } from 'ebb/contract'
    export default receive({
      name: 'take-hooks', summary: 'Take them.', path: '/v1/hooks', provider: 'standard', signedBy: ['HOOKS_SECRET'],
      events: { 'thing.made': payload<object>() },
    })`,
  'functions/take-hooks/handler.ts': `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, async () => {})`,
  'functions/take-hooks/index.ts':
    "import { serve } from 'ebb/http'\nimport handler from './handler.ts'\nserve(handler)\n",
}

const closers: (() => Promise<unknown>)[] = []
let outcomes: readonly Outcome[] = []
beforeAll(async () => {
  // A copy, since a save is what replaces a function here.
  const { root, remove } = await conformanceProject(TAKE_HOOKS)
  closers.push(remove)
  const dataDir = join(root, '.ebb')
  const ebb = await startEbb({ root, dataDir, env: { EBB_IDLE_MS: '10000', HOOKS_SECRET } })
  closers.push(ebb.stop)
  const { url, admin, adminKey } = ebb.ready
  const { contracts } = await tryContracts(root)
  outcomes = await runConformance({
    ...{ url, admin: { url: admin, key: adminKey }, patienceMs: 60_000, contracts },
    restartFunction: async (name) => {
      const file = join(root, 'functions', name, 'handler.ts')
      // A comment would make the same bundle.
      await writeFile(file, `${await readFile(file, 'utf8')}\nprocess.title = 'saved again'\n`)
      const isTaken = () => ebb.events.some(({ event, functions }) => event === 'reload' && String(functions) === name)
      await untilTrue(isTaken, { what: `a reload of ${name}` })
    },
  })
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

describe('the laptop', () => {
  it.each(CASES.map(({ name }) => name))('%s', (name) => {
    const { outcome, why } = outcomes.find((one) => one.name === name) ?? {}
    expect({ outcome, why }).toEqual({ outcome: 'passed', why: undefined })
  })
})
