import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { AdmissionRequest } from 'ebb/http/gateway'
import { followRedisAddress, type RedisAddress, toLiveAddress } from '../../../src/data/follow-redis.ts'
import { connectNodes, createRedisClient } from '../../../src/data/redis-client.ts'
import { withTimeout } from '../../../src/kernel/promises.ts'
import { batchCalls } from './batch-calls.ts'
import { paceOf, toRateLimitDecision } from './gcra.ts'
import { type LeaseStore, toLease } from './leases.ts'
import type { Rate } from './local-limiter.ts'
import type { HeldSlot } from './local-slots.ts'
import { overSlots } from './over-slots.ts'
import { ADMIT, LEASE, RENEW, UNDO } from './redis-scripts.ts'
import type { SharedDecision, TakeOptions } from './shared-decision.ts'

/** A limiter that all gateways share. */
export interface SharedLimiter extends LeaseStore {
  /**
   * Decides on a request, after it has counted those that were let through elsewhere. Rejects where Redis is
   * unavailable, or does not answer within `timeoutMs`.
   */
  readonly take: (request: AdmissionRequest, options?: TakeOptions) => Promise<SharedDecision>
  /** Takes back what `take` has counted. It does not reject: where Redis is gone, so is what it has counted. */
  readonly undo: (rates: readonly Rate[]) => void
  /** Frees a slot. One that is not freed is free when its lease is over. */
  readonly free: (slot: HeldSlot) => void
  /** Renews the leases of what is held. */
  readonly renew: (held: ReadonlyMap<string, ReadonlySet<string>>) => void
  /** Resolves where `take` would: to the name of Redis's memory, which is another one when that was lost. */
  readonly probe: () => Promise<string>
  readonly onUp: (listener: () => void) => void
  readonly onDown: (listener: (error: Error) => void) => void
  /** Settles when the first attempt to connect has succeeded or failed. */
  readonly firstAttempt: Promise<unknown>
  readonly close: () => void
}

const TIMEOUT_MS = 50
const CONNECT_MS = 1_000
const RECONNECT_MS = 200
const DISCONNECT_MS = 100
const RATE_PREFIX = 'ebb:rate:'
const SLOTS_PREFIX = 'ebb:slots:'
/** Lost whenever the other keys are. */
const MEMORY_KEY = 'ebb:rate-memory'
/** In a cluster so many that each node has some of them: of twenty nodes, one in thirty clusters has one without. */
const MEMORY_KEYS = Array.from({ length: 128 }, (_, i) => `${MEMORY_KEY}:${i}`)
/** The slots of a gateway that was killed are free after this. */
const LEASE_US = 10_000_000

/**
 * Opens a limiter across all gateways on one Redis: one call decides on a request by all of its limits, on Redis's own
 * clock, exact however many come at once. In a cluster it is one call for each limit. A key exists no longer than its caller owes something.
 */
export function openRedisLimiter(redis: RedisAddress, { timeoutMs = TIMEOUT_MS } = {}): SharedLimiter {
  const address = toLiveAddress(redis)
  const client = createRedisClient(address.current() ?? '', {
    // To wait or to send again would delay a request, or count it twice.
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ connectTimeout: CONNECT_MS, socketTimeout: CONNECT_MS, disconnectTimeout: DISCONNECT_MS },
    retryStrategy: () => RECONNECT_MS,
    // After a failover, the old primary may still be there.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    scripts: {
      ...{ admit: { lua: ADMIT }, undo: { lua: UNDO }, renew: { lua: RENEW, numberOfKeys: 1 } },
      lease: { lua: LEASE, numberOfKeys: 1 },
    },
  })
  client.on('error', () => {})
  followRedisAddress(client, address)
  // `scripts` has made them methods.
  const scripted = client as unknown as Scripted
  const decide = async (calls: readonly AdmitCall[]): Promise<readonly SharedDecision[]> => {
    const keys: string[] = []
    const values: (string | number)[] = []
    for (const { request, options } of calls) {
      const { rates, slots, peek = false } = request
      const { elsewhere = [], slot } = options
      values.push(rates.length, slots?.max ?? 0, slot?.name ?? '', peek ? 0 : LEASE_US)
      for (const [i, { key, limit }] of rates.entries()) {
        const { intervalUs, burst } = paceOf(limit)
        keys.push(RATE_PREFIX + key)
        values.push(intervalUs, burst, elsewhere[i] ?? 0)
      }
      if (slots) keys.push(SLOTS_PREFIX + slots.key)
    }
    const reply = await withTimeout(timeoutMs, scripted.admit(keys.length, ...keys, ...values))
    let at = 0
    return calls.map(({ request }) => {
      const decision = readDecision(request, reply, at)
      at += 2 + 2 * request.rates.length
      return decision
    })
  }
  const admit = batchCalls(decide)
  const undo = (rates: readonly Rate[]) => {
    if (rates.length === 0) return
    const keys = rates.map(({ key }) => RATE_PREFIX + key)
    scripted.undo(keys.length, ...keys, ...rates.map(({ limit }) => paceOf(limit).intervalUs)).catch(() => {})
  }
  const free = ({ key, name }: HeldSlot) => void client.zrem(SLOTS_PREFIX + key, name).catch(() => {})
  const takeAlone: SharedLimiter['take'] = async (request, options = {}) => {
    const [decision] = await decide([{ request, options }])
    if (!decision) throw new Error('the script has decided on nothing')
    return decision
  }
  const takeTogether: SharedLimiter['take'] = (request, options = {}) => admit({ request, options })
  return {
    ...(client.isCluster ? overSlots({ take: takeAlone, undo, free }) : { take: takeTogether, undo, free }),
    lease: async (rate, requests) => {
      const { intervalUs, burst } = paceOf(rate.limit)
      return toLease(rate, await scripted.lease(RATE_PREFIX + rate.key, intervalUs, burst, requests))
    },
    giveBack: ({ key, limit }, requests) =>
      void scripted.undo(1, RATE_PREFIX + key, paceOf(limit).intervalUs * requests).catch(() => {}),
    renew: (held) => {
      for (const [key, names] of held) scripted.renew(SLOTS_PREFIX + key, LEASE_US, ...names).catch(() => {})
    },
    probe: async () => {
      const nameOf = async (key: string) => {
        const [, name] = await Promise.all([client.set(key, randomUUID(), 'NX'), client.get(key)])
        return name ?? ''
      }
      const keys = client.isCluster ? MEMORY_KEYS : [MEMORY_KEY]
      return (await withTimeout(timeoutMs, Promise.all(keys.map(nameOf)))).join(' ')
    },
    onUp: (listener) => void client.on('ready', () => void connectNodes(client).then(listener)),
    onDown: (listener) => {
      client.on('error', listener)
      client.on('close', () => listener(new Error('the connection to Redis is closed')))
    },
    firstAttempt: once(client, 'ready', { signal: AbortSignal.timeout(CONNECT_MS) })
      .then(() => withTimeout(CONNECT_MS, connectNodes(client)))
      .catch(() => {}),
    close: () => client.disconnect(),
  }
}

interface AdmitCall {
  readonly request: AdmissionRequest
  readonly options: TakeOptions
}

/** What ADMIT has replied to one of the requests, from `at` on. */
function readDecision(
  { rates, slots, peek = false }: AdmissionRequest,
  reply: readonly number[],
  at: number,
): SharedDecision {
  const [allowed, inUse = 0] = [reply[at] === 1, reply[at + 1]]
  return {
    allowed,
    rates: rates.map(({ limit }, i) => {
      const decision = { waitUs: reply[at + 2 + 2 * i] ?? 0, fullInUs: reply[at + 3 + 2 * i] ?? 0 }
      return toRateLimitDecision(decision, paceOf(limit), { isCounted: allowed && !peek })
    }),
    slots: slots && { allowed: allowed || inUse < slots.max, remaining: Math.max(0, slots.max - inUse) },
  }
}

interface Scripted {
  admit(keys: number, ...keysAndValues: readonly (string | number)[]): Promise<readonly number[]>
  undo(keys: number, ...keysAndValues: readonly (string | number)[]): Promise<unknown>
  lease(key: string, intervalUs: number, burst: number, requests: number): Promise<readonly number[]>
  renew(key: string, leaseUs: number, ...names: readonly string[]): Promise<unknown>
}
