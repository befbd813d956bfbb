import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface ContractsSwap {
  /** Hears that a part serves by a bundle of contracts now. */
  heard(part: string, bundle: string): void
  /** Resolves when all parts serve by it; after a while in any case, since one may have started with it. */
  done(file: string): Promise<void>
}

const LIMIT_MS = 5_000

/** Knows by which bundle of contracts gateway and relay serve: a save is taken in when both say so. */
export function createContractsSwap(parts: readonly string[]): ContractsSwap {
  const serving = new Map<string, string>()
  let next = Promise.withResolvers<void>()
  return {
    heard: (part, bundle) => {
      serving.set(part, bundle)
      next.resolve()
      next = Promise.withResolvers()
    },
    done: async (file) => {
      const late = delay(LIMIT_MS, 'late' as const, { ref: false })
      while (parts.some((part) => serving.get(part) !== basename(file))) {
        if ((await Promise.race([next.promise, late])) === 'late') return
      }
    },
  }
}
