import type { RateLimitDecision } from 'ebb/http/gateway'
import type { Charge } from 'ebb/kernel'
import type { UsageEntry } from '../../../src/data/usage.ts'

/** Ends the wait of a request, by its decision or without one. Returns false where it waits no more. */
type EndWait = (decision: RateLimitDecision | undefined) => boolean

/** The requests of one charge. */
interface Group {
  readonly charge: Charge
  readonly waiters: readonly EndWait[]
}

/** What is counted by one statement. */
export interface Batch {
  readonly groups: readonly Group[]
  /** Of each group, in the same order. */
  readonly entries: readonly UsageEntry[]
  /** How many wait still. */
  readonly waiting: () => number
}

type Counts = Pick<UsageEntry, 'counted' | 'refused'>

/** The requests that are to be counted, in batches that follow one another. */
export interface Batches {
  /** Resolves to the decision, or to undefined after `waitMs`. Undefined where there is no room. */
  readonly wait: (charge: Charge, waitMs: number) => Promise<RateLimitDecision | undefined> | undefined
  /** Returns false where there is no room. */
  readonly count: (charge: Charge, counts: Counts) => boolean
  /** Takes the first batch out. */
  readonly shift: () => Batch | undefined
  readonly isEmpty: () => boolean
  /** Whether a request waits, or a batch is full. */
  readonly isUrgent: () => boolean
}

/** Charges in one batch: it locks a row for each until it is committed, and others wait for these. */
const MAX_CHARGES = 200
const MAX_BATCHES = 100
/** Requests that wait. */
const MAX_WAITING = 2_000

interface OpenGroup extends Counts {
  readonly charge: Charge
  readonly waiters: Set<EndWait>
  counted: number
  refused: number
}

/** Creates batches that grow with the callers of their time, and not with their requests. */
export function createBatches(): Batches {
  const open: Map<string, OpenGroup>[] = []
  let waiting = 0

  const groupOf = (charge: Charge): OpenGroup | undefined => {
    const key = keyOf(charge)
    const last = open.at(-1)
    const known = last?.get(key)
    if (known) return known
    if (open.length >= MAX_BATCHES) return undefined
    const group = { charge, waiters: new Set<EndWait>(), counted: 0, refused: 0 }
    if (last && last.size < MAX_CHARGES) last.set(key, group)
    else open.push(new Map([[key, group]]))
    return group
  }

  return {
    wait: (charge, waitMs) => {
      const group = waiting < MAX_WAITING ? groupOf(charge) : undefined
      if (!group) return undefined
      const { promise, resolve } = Promise.withResolvers<RateLimitDecision | undefined>()
      const end: EndWait = (decision) => {
        if (!group.waiters.delete(end)) return false
        waiting--
        clearTimeout(timer)
        resolve(decision)
        return true
      }
      const timer = setTimeout(end, waitMs, undefined)
      waiting++
      group.waiters.add(end)
      return promise
    },
    count: (charge, { counted, refused }) => {
      const group = groupOf(charge)
      if (!group) return false
      group.counted += counted
      group.refused += refused
      return true
    },
    shift: () => {
      const groups = [...(open.shift()?.values() ?? [])]
      if (groups.length === 0) return undefined
      return {
        groups: groups.map(({ charge, waiters }) => ({ charge, waiters: [...waiters] })),
        entries: groups.map(({ charge, waiters, counted, refused }) => ({
          ...{ charge, wanted: waiters.size, counted, refused },
        })),
        waiting: () => groups.reduce((sum, { waiters }) => sum + waiters.size, 0),
      }
    },
    isEmpty: () => open.length === 0,
    isUrgent: () => open.length > 1 || (open[0]?.values().some(({ waiters }) => waiters.size > 0) ?? false),
  }
}

/** No part holds a control character. Of one plan there may be two quotas, while contracts are swapped. */
const keyOf = ({ holder, plan, quota, tenant, subject, keyId }: Charge) =>
  [holder, plan, quota?.per, quota?.requests, quota?.timeZone, tenant, subject, keyId].join('\n')
