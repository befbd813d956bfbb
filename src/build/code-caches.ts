import type { FunctionContract } from '../contract/index.ts'
import { NODE_FLAGS } from './bundle-function.ts'
import { warmUp } from './warm-up/warm-up.ts'

/** The V8 code caches of the functions that run on this machine: they are made in the background. */
export interface CodeCaches {
  /** Requests the code caches of a function that was started from this file, so that its next start is faster. */
  enqueue(name: string, file: string): void
  stop(): Promise<void>
}

/** What `createCodeCaches` needs of its caller. */
export interface CodeCachesOptions {
  readonly contractOf: (name: string) => Promise<FunctionContract>
  /** The roles that the caller of a warm-up has. */
  readonly roles: () => readonly string[]
  /** Called where the code caches of a function could not be created: it starts without. */
  readonly onFailure: (name: string, error: unknown) => void
}

/** How long the machine must have been quiet, so that the developer does not notice. */
const QUIET_MS = 3_000

/** Creates the code caches of started functions, in the background and one at a time. */
export function createCodeCaches({ contractOf, roles, onFailure }: CodeCachesOptions): CodeCaches {
  const queued = new Map<string, string>()
  const done = new Set<string>()
  const ending = new AbortController()
  const { signal } = ending
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()

  const createAll = async () => {
    for (const [file, name] of queued) {
      if (signal.aborted) return
      queued.delete(file)
      done.add(file)
      try {
        await warmUp(file, await contractOf(name), { nodeFlags: NODE_FLAGS, roles: roles(), signal })
      } catch (error) {
        if (!signal.aborted) onFailure(name, error)
      }
    }
  }
  return {
    enqueue: (name, file) => {
      if (done.has(file) || signal.aborted) return
      queued.set(file, name)
      clearTimeout(timer)
      timer = setTimeout(() => {
        working = working.then(createAll)
      }, QUIET_MS)
    },
    stop: async () => {
      clearTimeout(timer)
      ending.abort()
      await working
    },
  }
}
