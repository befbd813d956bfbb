import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { readCost } from '../../src/protocol/admin/cost.ts'
import { untilTrue } from '../support/until.ts'
import { callAdmin } from './callers.ts'
import type { Context } from './context.ts'

/** What the instances of a function have used, by what `ebb cost` prices. */
export interface PricedUse {
  readonly instances: number
  /** Starting, busy, idle and warm: their life. */
  readonly seconds: number
  readonly cpuSeconds: number
  readonly cost: number
  /** That came to the gateway, or were calls of the relay. */
  readonly requests: number
}

const NOTHING: PricedUse = { instances: 0, seconds: 0, cpuSeconds: 0, cost: 0, requests: 0 }
/** Gateways write every ten seconds what they have counted. */
const COUNTED_MS = 60_000

/** What each function has used so far. */
export async function readUse(context: Context): Promise<ReadonlyMap<string, PricedUse>> {
  const { functions } = await callAdmin<AdminOutput<typeof readCost>>(context, '/v1/cost')
  return new Map(
    functions.map(({ name, instances, cpuSeconds, requests, seconds, cost }) => [
      name,
      {
        ...{ instances, cpuSeconds, requests },
        seconds: seconds.starting + seconds.busy + seconds.idle + seconds.warm,
        cost: [cost.starting, cost.busy, cost.idle, cost.warm].reduce<number>((sum, part) => sum + (part ?? 0), 0),
      },
    ]),
  )
}

/** What was used since `before`, once so many requests are counted. Processes have told all of theirs when they are gone. */
export async function readUseSince(
  context: Context,
  before: ReadonlyMap<string, PricedUse>,
  requests: number,
): Promise<ReadonlyMap<string, PricedUse>> {
  let used = before
  const look = async () => {
    const now = await readUse(context)
    used = new Map([...now].map(([name, use]) => [name, minus(use, before.get(name) ?? NOTHING)]))
    return [...used.values()].reduce((sum, use) => sum + use.requests, 0) >= requests
  }
  await untilTrue(look, { limitMs: COUNTED_MS, what: `${requests} requests to be counted` })
  return used
}

const minus = (a: PricedUse, b: PricedUse): PricedUse => ({
  instances: a.instances - b.instances,
  seconds: a.seconds - b.seconds,
  cpuSeconds: a.cpuSeconds - b.cpuSeconds,
  cost: a.cost - b.cost,
  requests: a.requests - b.requests,
})
