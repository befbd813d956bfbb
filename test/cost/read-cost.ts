import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { readCost } from '../../src/protocol/admin/cost.ts'
import type { TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

type Cost = AdminOutput<typeof readCost>

/** What an Ebb says that everything costs, once its gateways have written down all the requests that were sent. */
export async function readWholeCost({ ready }: TestEbb, requests: number): Promise<Cost> {
  let cost: Cost | undefined
  await untilTrue(
    async () => {
      const headers = { authorization: `Bearer ${ready.adminKey}` }
      cost = (await (await fetch(new URL('/v1/cost', ready.admin), { headers })).json()) as Cost
      return cost.plans.reduce((sum, plan) => sum + plan.requests, 0) >= requests
    },
    { what: 'all requests are counted' },
  )
  if (!cost) throw new Error('nothing was read')
  return cost
}
