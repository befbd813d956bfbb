import { Problem } from 'ebb/contract'
import type pg from 'pg'
import type { ContractSet, Route } from '../../../src/contract/index.ts'
import { appendAudit } from '../../../src/data/audit.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { type CheckRecord, expediteCheck, findCheckRecords } from '../../../src/data/synthetic-checks.ts'
import { listChecks, runCheck } from '../../../src/protocol/admin/checks.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface ChecksOptions {
  readonly pool: pg.Pool
  readonly contracts: () => ContractSet
}

type Checked = Route & { readonly check: NonNullable<Route['check']> }
const isChecked = (route: Route): route is Checked => route.check !== undefined

export const checksOperations = ({ pool, contracts }: ChecksOptions): readonly AdminOperation[] => [
  operation(listChecks, async () => {
    const routes = contracts().routes.filter(isChecked)
    const rules = routes.map(({ name, check: { everySeconds } }) => ({ name, everySeconds }))
    const found = await findCheckRecords(pool, rules)
    return { checks: routes.map((route) => viewOf(route, found.get(route.name))) }
  }),
  operation(runCheck, async ({ params: { name } }, { actor }) => {
    if (!contracts().routes.some((route) => route.name === name && isChecked(route)))
      throw new Problem('not_found', 404, `No contract has a check called ${name}.`)
    await inTransaction(pool, async (client) => {
      await expediteCheck(client, name)
      await appendAudit(client, { actor, action: runCheck.change, subject: name })
    })
    return { name }
  }),
]

function viewOf({ name, method, path, check }: Checked, record: CheckRecord | undefined) {
  const { failures = 0, failingSince = null, nextAt = null, runs = [] } = record ?? {}
  const { everySeconds, from, undo } = check
  const isOverdue = (record?.dueInMs ?? 0) < -2_000 * everySeconds
  const state = runs.length === 0 ? 'unknown' : isOverdue ? 'overdue' : failures > 0 ? 'failing' : 'passing'
  return {
    ...{ name, method, path, everySeconds, from, undo: undo?.name ?? null },
    ...{ state: state as 'unknown', failures, failingSince, nextAt, runs: [...runs] },
  }
}
