import { equal, match, ok } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Limit } from '../../contract/index.ts'
import { assertIssues, assertProblem, assertRetryAfter, assertStatus } from '../assertions.ts'
import type { ConformanceRequest, ConformanceResponse } from '../client.ts'
import { newKey } from '../entries.ts'
import type { Caller, Case, Session } from '../session.ts'
import { NothingToRunOn } from '../subjects.ts'

const AT_ONCE = 50
/** Beyond that it would be a load test. */
const MAX_BURST = 1_000
const GIVE_UP_FACTOR = 20
/** Still within the share of one of several gateways. */
const OTHERS_SHARE = 5
const MAX_WAIT_SECONDS = 60
const ISSUE = 'query.conformance-unknown'

export const limits: readonly Case[] = [
  {
    name: 'limits: RateLimit-Policy has the limit of the contract, RateLimit what is left of it',
    needs: ['admin'],
    run: async ({ newCaller, on }) => {
      const { bad, limit } = limitedOf(on)
      const { requests, perSeconds, burst } = limit
      const { send } = await newCaller()
      const [first, second] = [await send(bad()), await send(bad())]
      for (const answer of [first, second]) {
        assertIssues(answer, ISSUE)
        // What a plan adds comes after it.
        const [policy] = String(answer.headers['ratelimit-policy']).split(', ')
        equal(policy, `"burst";q=${burst};w=${Math.ceil((burst * perSeconds) / requests)}`)
        match(String(answer.headers.ratelimit), /^"burst";r=\d+;t=\d+(, |$)/)
      }
      ok(leftIn(first) < burst, `${leftIn(first)} are left of ${burst} after the first`)
    },
  },
  {
    name: 'limits: 429 with Retry-After beyond the limit, for this caller alone, until that time is over',
    needs: ['admin'],
    run: async ({ newCaller, on }) => {
      const { good, bad, limit } = limitedOf(on)
      const [greedy, other] = [await newCaller(), await newCaller()]
      const refused = await untilRefused(greedy, bad, limit)
      const waitSeconds = assertRetryAfter(refused)
      // More than could be refilled meanwhile, if both had one limit.
      const length = Math.max(1, Math.floor(limit.burst / OTHERS_SHARE))
      const allowed = await Promise.all(Array.from({ length }, () => other.sendOnce(bad())))
      for (const answer of allowed) assertIssues(answer, ISSUE)
      assertProblem(refused, 429, 'rate_limited')
      equal(leftIn(refused), 0)
      await delay(waitSeconds * 1_000)
      // A project's own endpoint may have nothing at the address of its example.
      assertStatus(await greedy.sendOnce(good ?? bad()), good ? 200 : 400)
    },
  },
]

interface Limited {
  readonly limit: Limit
  /** For it counts too, and wakes nothing. */
  readonly bad: () => ConformanceRequest
  /** Of a conformance function. */
  readonly good: ConformanceRequest | undefined
}

function limitedOf(on: Session['on']): Limited {
  const { request, route, isConformance } = on('limited')
  const { limit = { requests: 1, perSeconds: 1, burst: 1 } } = route
  const isShort = limit.burst <= MAX_BURST && limit.perSeconds / limit.requests <= MAX_WAIT_SECONDS
  // Two of them have to be allowed.
  if (!isShort || limit.burst < 2)
    throw new NothingToRunOn(`the limit of ${route.name} is not one that can be tried out`)
  const path = `${request.path}${request.path.includes('?') ? '&' : '?'}conformance-unknown=1`
  const headers = () => ({ ...request.headers, ...(route.idempotent ? { 'idempotency-key': newKey() } : {}) })
  return { limit, bad: () => ({ ...request, path, headers: headers() }), good: isConformance ? request : undefined }
}

/** Sends faster than is allowed, until something is refused for that. */
async function untilRefused({ sendOnce }: Caller, bad: () => ConformanceRequest, { burst }: Limit) {
  const most = GIVE_UP_FACTOR * Math.max(burst, AT_ONCE)
  const atOnce = Math.min(AT_ONCE, burst)
  for (let sent = 0; sent < most; sent += atOnce) {
    const answers = await Promise.all(Array.from({ length: atOnce }, () => sendOnce(bad())))
    const refused = answers.find(({ status }) => status === 429)
    if (refused) {
      ok(sent + atOnce > burst / 2, `refused among the first ${sent + atOnce}, where ${burst} may come at once`)
      return refused
    }
  }
  throw new Error(`${most} requests, ${atOnce} at a time, and none was refused`)
}

const leftIn = ({ headers }: ConformanceResponse) => Number(/;r=(\d+)/.exec(String(headers.ratelimit))?.[1])
