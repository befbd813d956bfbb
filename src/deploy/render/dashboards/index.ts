import { type AnyContract, contractSet } from '../../../contract/index.ts'
import { cost } from './cost.ts'
import { coldStarts, events } from './functions.ts'
import { gateway } from './gateway.ts'
import { endpoint, overview } from './requests.ts'
import { toJson } from './to-json.ts'

/** charts/ebb/dashboards: Grafana's dashboards, whose choices are what the contracts have. */
export function dashboards(contracts: Readonly<Record<string, AnyContract>>): Readonly<Record<string, string>> {
  const { routes, subscriptions, authorizers } = contractSet(contracts, undefined)
  const sorted = (names: readonly string[]) => [...new Set(names)].sort()
  const functions = routes.filter(({ upstream }) => upstream === undefined)
  const parts = sorted([...functions, ...subscriptions, ...authorizers].map(({ name }) => name))
  const boards = [
    overview(),
    endpoint(sorted(routes.map(({ path }) => path))),
    coldStarts(sorted([...functions, ...authorizers].map(({ name }) => name))),
    events(sorted(subscriptions.map(({ name }) => name))),
    gateway(),
    cost(parts),
  ]
  return Object.fromEntries(boards.map((board) => [`charts/ebb/dashboards/${board.name}.json`, toJson(board)]))
}
