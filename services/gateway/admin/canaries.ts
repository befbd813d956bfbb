import { Problem } from 'ebb/contract'
import type pg from 'pg'
import { type ContractSet, functionsOf } from '../../../src/contract/index.ts'
import * as store from '../../../src/data/canaries/canary-store.ts'
import { abortCanary, listCanaries, promoteCanary, startCanary } from '../../../src/protocol/admin/canaries.ts'
import type { VariantCounts } from '../../../src/protocol/canary/counts.ts'
import { isCopied } from '../../../src/protocol/canary/is-copied.ts'
import { evidenceOf, totalsOf } from '../../../src/protocol/canary/judge-canary.ts'
import { quantileOf } from '../../../src/protocol/canary/latencies.ts'
import { comparedOf, type ShadowCounts } from '../../../src/protocol/canary/shadow-counts.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface CanariesOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
  /** Of this gateway: what is counted is written, and what is decided is read. */
  readonly refreshCanaries: () => Promise<void>
}

export const canariesOperations = ({
  pool,
  contracts,
  refreshCanaries,
}: CanariesOptions): readonly AdminOperation[] => {
  const end = async (name: string, state: 'aborted' | 'promoted', actor: string) => {
    const why = state === 'aborted' ? `${actor} has aborted it.` : `${actor} has promoted it.`
    if (!(await store.endCanary(pool, { name, state, why }, actor)))
      throw new Problem('not_found', 404, `No canary of ${name} is under way.`)
    await refreshCanaries()
    return { name }
  }
  return [
    operation(listCanaries, async () => {
      await refreshCanaries()
      return { canaries: (await store.listCanaries(pool)).map(viewOf) }
    }),
    operation(startCanary, async ({ params: { name }, body }, { actor }) => {
      if (!functionsOf(contracts()).some((one) => one.name === name))
        throw new Problem('not_found', 404, `No contract has a function called ${name}.`)
      const hasCopies = contracts().routes.some((route) => route.name === name && isCopied(route, contracts()))
      if (body.steps[0] === 0 && !hasCopies)
        throw new Problem('no_reads', 409, `${name} is no endpoint that only reads; begin with a share of its callers.`)
      if (!(await store.startCanary(pool, { name, ...body }, actor)))
        throw new Problem('canary_running', 409, `A canary of ${name} is under way; promote or abort it first.`)
      await refreshCanaries()
      return { name }
    }),
    operation(abortCanary, ({ params: { name } }, { actor }) => end(name, 'aborted', actor)),
    operation(promoteCanary, ({ params: { name } }, { actor }) => end(name, 'promoted', actor)),
  ]
}

function viewOf({
  judgement,
  stepSeconds: _,
  stepRequests: __,
  requests: ___,
  seconds: ____,
  shadow,
  ...canary
}: store.CanaryRecord) {
  const { stable, canary: own } = totalsOf(judgement)
  return {
    ...canary,
    ...{ steps: [...canary.steps], mayDiffer: [...canary.mayDiffer] },
    shadow: shadow && shadowOf(shadow),
    ...{ stable: countsOf(stable), canary: countsOf(own) },
    evidence: [...evidenceOf(judgement)],
  }
}

function shadowOf(counts: ShadowCounts) {
  const { differs, changed, noise, failed, dropped, calls, ms } = counts
  const differences = Object.entries(counts.differences).map(([what, times]) => ({ what, times }))
  return {
    ...{ compared: comparedOf(counts), differs, moved: changed + noise, failed, dropped, calls, ms },
    differences: differences.sort((a, b) => b.times - a.times),
  }
}

function countsOf({ latencies, coldMs, ...counts }: VariantCounts) {
  const at = (part: number) => {
    const ms = quantileOf(latencies, part)
    return ms === undefined ? null : Math.round(ms)
  }
  const { coldStarts } = counts
  return {
    ...counts,
    coldMs: coldStarts > 0 ? Math.round(coldMs / coldStarts) : null,
    ms: { p50: at(0.5), p90: at(0.9) },
  }
}
