import type { AnyContract } from '../contract/index.ts'
import { NODE_FLAGS } from './bundle-function.ts'
import { warmUp } from './warm-up/warm-up.ts'

export interface CodeCaches {
  /** Says that a function was started from this file: should it be started again, it shall be quicker. */
  enqueue(name: string, file: string): void
  stop(): Promise<void>
}

export interface CodeCachesOptions {
  readonly contractOf: (name: string) => Promise<AnyContract>
  /** No cache could be made for a function: it starts without. */
  readonly onFailure: (name: string, error: unknown) => void
}

/** Whoever develops is not to notice: the machine has been quiet for so long. */
const QUIET_MS = 3_000

/** Makes the code caches of what has been started, in the background and one at a time. */
export function createCodeCaches({ contractOf, onFailure }: CodeCachesOptions): CodeCaches {
  const wanted = new Map<string, string>()
  const made = new Set<string>()
  const ending = new AbortController()
  const { signal } = ending
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()

  const makeAll = async () => {
    for (const [file, name] of wanted) {
      if (signal.aborted) return
      wanted.delete(file)
      made.add(file)
      try {
        await warmUp(file, await contractOf(name), { nodeFlags: NODE_FLAGS, signal })
      } catch (fault) {
        if (!signal.aborted) onFailure(name, fault)
      }
    }
  }
  return {
    enqueue: (name, file) => {
      if (made.has(file) || signal.aborted) return
      wanted.set(file, name)
      clearTimeout(timer)
      timer = setTimeout(() => {
        working = working.then(makeAll)
      }, QUIET_MS)
    },
    stop: async () => {
      clearTimeout(timer)
      ending.abort()
      await working
    },
  }
}
