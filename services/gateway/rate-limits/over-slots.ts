import type { AdmissionRequest } from 'ebb/http/gateway'
import type { Rate } from './local-limiter.ts'
import type { HeldSlot } from './local-slots.ts'
import type { SharedDecision, TakeOptions } from './shared-decision.ts'

/** What decides on requests, and takes that back. */
interface Decides {
  readonly take: (request: AdmissionRequest, options?: TakeOptions) => Promise<SharedDecision>
  readonly undo: (rates: readonly Rate[]) => void
  readonly free: (slot: HeldSlot) => void
}

/**
 * Decides on requests whose limits are on several nodes of a cluster, where no script sees all of them: on each by itself, and where one refuses, the
 * others take back what they have counted. Never lets through more than all of them allow; a request that comes meanwhile may be refused for one that is
 * taken back.
 */
export function overSlots({ take, undo, free }: Decides): Decides {
  return {
    take: async (request, options = {}) => {
      const parts = partsOf(request, options)
      if (parts.length === 1) return take(request, options)
      const settled = await Promise.allSettled(parts.map((part) => take(part.request, part.options)))
      const counted = settled.flatMap((one, i) =>
        one.status === 'fulfilled' && one.value.allowed ? (parts[i] ?? []) : [],
      )
      const failed = settled.find((one) => one.status === 'rejected')
      const allowed = counted.length === parts.length
      if (!allowed && !request.peek) {
        for (const part of counted) {
          // One by one: each is on a node of its own.
          for (const rate of part.request.rates) undo([rate])
          if (part.options.slot) free(part.options.slot)
        }
      }
      if (failed) throw failed.reason
      const decisions = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
      return join(decisions, allowed)
    },
    undo: (rates) => {
      for (const rate of rates) undo([rate])
    },
    free,
  }
}

interface Part {
  readonly request: AdmissionRequest
  readonly options: TakeOptions
}

function partsOf(
  { rates, slots, peek = false }: AdmissionRequest,
  { elsewhere = [], slot }: TakeOptions,
): readonly Part[] {
  const ofRates = rates.map((rate, i) => ({
    request: { rates: [rate], peek },
    options: { elsewhere: [elsewhere[i] ?? 0] },
  }))
  return slots ? [...ofRates, { request: { rates: [], slots, peek }, options: { slot } }] : ofRates
}

const join = (decisions: readonly SharedDecision[], allowed: boolean): SharedDecision => ({
  allowed,
  rates: decisions.flatMap(({ rates }) => rates),
  slots: decisions.find(({ slots }) => slots)?.slots,
})
