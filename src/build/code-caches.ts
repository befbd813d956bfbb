import { cpus } from 'node:os'
import type { EndpointContract, FunctionContract } from '../contract/index.ts'
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
  /** The contracts of what it calls; default: none are known. */
  readonly calleesOf?: (contract: FunctionContract) => Promise<readonly EndpointContract[]>
  /** The roles that the caller of a warm-up has. */
  readonly roles: () => readonly string[]
  /** Called where the code caches of a function could not be created: it starts without. */
  readonly onFailure: (name: string, error: unknown) => void
  /** How long the machine must have been quiet, so that the developer does not notice; default: 3 s. */
  readonly quietMs?: number
  /** Default: those of the machine. */
  readonly processorTime?: () => ProcessorTime
}

/** What the processors have been idle, of all their time. */
interface ProcessorTime {
  readonly idleMs: number
  readonly totalMs: number
}

/** Of a quiet machine's processors. */
const MIN_IDLE_SHARE = 0.5

/** Creates the code caches of started functions, in the background and one at a time: of each the newest that was started. */
export function createCodeCaches(options: CodeCachesOptions): CodeCaches {
  const {
    contractOf,
    calleesOf = async () => [],
    roles,
    onFailure,
    quietMs = 3_000,
    processorTime = readProcessorTime,
  } = options
  /** Files by function. */
  const queued = new Map<string, string>()
  const done = new Set<string>()
  const ending = new AbortController()
  const { signal } = ending
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()

  const createAll = async () => {
    for (const [name, file] of queued) {
      if (signal.aborted) return
      queued.delete(name)
      done.add(file)
      try {
        const contract = await contractOf(name)
        const callees = await calleesOf(contract)
        await warmUp(file, contract, { nodeFlags: NODE_FLAGS, roles: roles(), callees, signal })
      } catch (error) {
        if (!signal.aborted) onFailure(name, error)
      }
    }
  }
  const createWhenQuiet = () => {
    const before = processorTime()
    timer = setTimeout(() => {
      if (idleShareSince(before, processorTime()) < MIN_IDLE_SHARE) return createWhenQuiet()
      working = working.then(createAll)
    }, quietMs)
  }
  return {
    enqueue: (name, file) => {
      if (done.has(file) || signal.aborted) return
      queued.set(name, file)
      clearTimeout(timer)
      createWhenQuiet()
    },
    stop: async () => {
      clearTimeout(timer)
      ending.abort()
      await working
    },
  }
}

const idleShareSince = (before: ProcessorTime, now: ProcessorTime) =>
  (now.idleMs - before.idleMs) / (now.totalMs - before.totalMs)

function readProcessorTime(): ProcessorTime {
  const times = cpus().map(({ times }) => times)
  return {
    idleMs: times.reduce((sum, { idle }) => sum + idle, 0),
    totalMs: times.flatMap((time) => Object.values(time)).reduce((sum, ms) => sum + ms, 0),
  }
}
