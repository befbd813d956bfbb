import { createBoundedMap, getOrCreate } from '../../kernel/bounded-map.ts'
import type { Variant } from './assign-variant.ts'
import type { CanaryCounts } from './counts.ts'
import { countResponse, type MutableCounts, newCounts, type VariantResponse } from './counts.ts'

/** How much of one caller counts. */
interface Seen {
  readonly faults: Set<string>
  waits: number
}

/** Of a caller, in one process: enough to see that all are slower, too little for one that is slow by itself. */
const MAX_WAITS = 2
const MAX_CALLERS = 10_000

/**
 * Counts what becomes of the calls of one function. Callers stay with their revision, so that one whose requests fail anyway would
 * blame whichever it got: each of its faults counts once, and few of its waits do.
 */
export function createVariantCounter() {
  const seen = createBoundedMap<string, Seen>(MAX_CALLERS)
  let counts = { stable: newCounts(), canary: newCounts() } satisfies Record<Variant, MutableCounts>
  const isFirst = ({ faults }: Seen, fault: string, happened: boolean) => {
    if (!happened || faults.has(fault)) return false
    faults.add(fault)
    return true
  }
  return {
    count(caller: string, response: VariantResponse): void {
      const known = getOrCreate(seen, caller, (): Seen => ({ faults: new Set(), waits: 0 }))
      const { status, undeclared, broken, cold, waitMs } = response
      const fault = status === undefined || status >= 500 ? 'failure' : status >= 400 ? 'refusal' : undefined
      const hasFault = fault !== undefined && isFirst(known, fault, true)
      const hasWait = cold || (waitMs !== undefined && known.waits++ < MAX_WAITS)
      countResponse(counts[response.variant], {
        ...response,
        status: fault === undefined || hasFault ? status : 200,
        undeclared: isFirst(known, 'undeclared', undeclared),
        broken: broken && isFirst(known, 'broken', true),
        waitMs: hasWait ? waitMs : undefined,
      })
    },
    /** What was counted since the last time. */
    take(): CanaryCounts {
      const taken = counts
      counts = { stable: newCounts(), canary: newCounts() }
      return taken
    },
  }
}
