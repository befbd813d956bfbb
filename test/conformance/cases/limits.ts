import { equal, match, ok } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import listProducts from '../../../functions/list-products/contract.ts'
import { assertIssues, assertProblem, assertRetryAfter, assertStatus } from '../assertions.ts'
import type { ConformanceResponse } from '../client.ts'
import type { Caller, Case } from '../session.ts'

const { requests, perSeconds, burst } = listProducts.limit
/** A bad request counts too, and wakes nothing. */
const BAD = '/v1/products?limit=0'
const AT_ONCE = 50
const GIVE_UP_AT = 40 * AT_ONCE
/** Still within the share of one of several gateways. */
const OTHERS = 20

export const limits: readonly Case[] = [
  {
    name: 'limits: RateLimit-Policy has the limit of the contract, RateLimit what is left of it',
    needs: ['admin'],
    run: async ({ newCaller }) => {
      const { send } = await newCaller()
      const [first, second] = [await send({ path: BAD }), await send({ path: BAD })]
      for (const answer of [first, second]) {
        assertIssues(answer, 'query.limit')
        equal(answer.headers['ratelimit-policy'], `"burst";q=${burst};w=${Math.ceil((burst * perSeconds) / requests)}`)
        match(String(answer.headers.ratelimit), /^"burst";r=\d+;t=\d+$/)
      }
      ok(leftIn(first) < burst, `${leftIn(first)} are left of ${burst} after the first`)
    },
  },
  {
    name: 'limits: 429 with Retry-After beyond the limit, for this caller alone, until that time is over',
    needs: ['admin'],
    run: async ({ newCaller }) => {
      const [greedy, other] = [await newCaller(), await newCaller()]
      const refused = await untilRefused(greedy)
      const waitSeconds = assertRetryAfter(refused)
      // More than could be refilled meanwhile, if both had one limit.
      const allowed = await Promise.all(Array.from({ length: OTHERS }, () => other.send({ path: BAD })))
      for (const answer of allowed) assertIssues(answer, 'query.limit')
      assertProblem(refused, 429, 'rate_limited')
      equal(leftIn(refused), 0)
      await delay(waitSeconds * 1_000)
      assertStatus(await greedy.send({ path: '/v1/products?limit=1' }), 200)
    },
  },
]

/** Sends faster than is allowed, until something is refused for that. */
async function untilRefused({ send }: Caller): Promise<ConformanceResponse> {
  for (let sent = 0; sent < GIVE_UP_AT; sent += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => send({ path: BAD })))
    const refused = answers.find(({ status }) => status === 429)
    if (refused) {
      ok(sent + AT_ONCE > burst / 2, `refused among the first ${sent + AT_ONCE}, where ${burst} may come at once`)
      return refused
    }
  }
  throw new Error(`${GIVE_UP_AT} requests, ${AT_ONCE} at a time, and none was refused`)
}

const leftIn = ({ headers }: ConformanceResponse) => Number(/;r=(\d+)/.exec(String(headers.ratelimit))?.[1])
