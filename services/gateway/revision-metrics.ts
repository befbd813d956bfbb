import type { CheckedReply, CompletedRequest } from 'ebb/http/gateway'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { ContractSet } from '../../src/contract/index.ts'
import { createBoundedMap } from '../../src/kernel/bounded-map.ts'

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const OUTCOMES = ['fine', 'refused', 'failed', 'undeclared'] as const
/** Of a function: the two of a roll-out, and those just before it. */
const MAX_REVISIONS = 4
const MAX_FUNCTIONS = 1_000

/**
 * Adds what becomes of the calls of functions by the revision that has answered, as their contracts see it: for whatever moves a new
 * revision in the place of the old one, and is to know how that does.
 */
export function observeRevisions(registry: Registry, contracts: () => Pick<ContractSet, 'replyChecks'>) {
  const registers = [registry]
  const labelNames = ['function', 'revision', 'outcome']
  const responses = new Counter({
    name: 'ebb_revision_responses_total',
    help: 'Responses of functions, by their revision: fine, refused (4xx), failed (5xx), undeclared (what the contract does not have)',
    ...{ labelNames, registers },
  })
  const checked = new Counter({
    name: 'ebb_revision_replies_checked_total',
    help: 'Replies whose body was compared with the contract, by whether they fit it: fine, broken',
    ...{ labelNames, registers },
  })
  const waits = new Histogram({
    name: 'ebb_revision_wait_seconds',
    help: 'How long callers waited for a response of this revision to begin, where no instance had to start for it',
    ...{ labelNames: ['function', 'revision'], buckets: SECONDS, registers },
  })
  const known = createBoundedMap<string, readonly string[]>(MAX_FUNCTIONS)

  /** Each counter begins with 0: one that begins with 1 has not risen for Prometheus. */
  const meet = (name: string, revision: string) => {
    const before = known.get(name) ?? []
    if (before.includes(revision)) return
    const gone = before.length < MAX_REVISIONS ? undefined : before[0]
    known.set(name, [...before, revision].slice(-MAX_REVISIONS))
    for (const outcome of OUTCOMES) responses.inc({ function: name, revision, outcome }, 0)
    for (const outcome of ['fine', 'broken']) checked.inc({ function: name, revision, outcome }, 0)
    if (gone === undefined) return
    for (const outcome of OUTCOMES) responses.remove({ function: name, revision: gone, outcome })
    for (const outcome of ['fine', 'broken']) checked.remove({ function: name, revision: gone, outcome })
    waits.remove({ function: name, revision: gone })
  }
  const outcomeOf = (name: string, status: number): (typeof OUTCOMES)[number] => {
    if (contracts().replyChecks?.(name)?.isDeclared(status) === false) return 'undeclared'
    return status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'fine'
  }
  return {
    completed: ({ invoked, revision, status, cold, waitSeconds }: CompletedRequest): void => {
      // Whoever has hung up has seen no answer.
      if (invoked === undefined || revision === undefined || status === CALLER_GONE) return
      meet(invoked, revision)
      responses.inc({ function: invoked, revision, outcome: outcomeOf(invoked, status) })
      if (!cold && waitSeconds !== undefined) waits.observe({ function: invoked, revision }, waitSeconds)
    },
    replyChecked: ({ name, revision, fits }: CheckedReply): void => {
      meet(name, revision)
      checked.inc({ function: name, revision, outcome: fits ? 'fine' : 'broken' })
    },
  }
}

const CALLER_GONE = 499

/** Says of each function so many times in a second that one more of its replies is to be compared with its contract. */
export function createReplySampler(perSecond: number, now: () => number = Date.now) {
  let [second, taken] = [0, new Map<string, number>()]
  return (name: string): boolean => {
    const current = Math.floor(now() / 1_000)
    if (current !== second) [second, taken] = [current, new Map()]
    const count = taken.get(name) ?? 0
    if (count < perSecond) taken.set(name, count + 1)
    return count < perSecond
  }
}
