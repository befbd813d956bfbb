import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CASES } from '../../src/conformance/cases.ts'
import { type Outcome, runConformance } from '../../src/conformance/index.ts'
import { startEbb } from '../support/ebb.ts'
import { conformanceProject, replaceBySaving } from './conformance-project.ts'

/** As a provider and its receiver share it; without one nothing could be told from what is forged. */
const CONFORMANCE_WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

const closers: (() => Promise<unknown>)[] = []
let outcomes: readonly Outcome[] = []
beforeAll(async () => {
  // A copy, since a save is what replaces a function here.
  const { root, remove } = await conformanceProject()
  closers.push(remove)
  const dataDir = join(root, '.ebb')
  const ebb = await startEbb({ root, dataDir, env: { EBB_IDLE_MS: '10000', CONFORMANCE_WEBHOOK_SECRET } })
  closers.push(ebb.stop)
  const { url, admin, adminKey } = ebb.ready
  outcomes = await runConformance({
    ...{ url, admin: { url: admin, key: adminKey }, patienceMs: 60_000 },
    restartFunction: (name) => replaceBySaving(ebb, { root, name, file: 'handler.ts' }),
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
