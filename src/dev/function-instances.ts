import type { Exit } from './processes/start-child.ts'
import type { Report } from './report.ts'

/** One process of a function. */
export interface InstanceProcess {
  readonly pid: number
  /** The port, once it listens; rejects with the last lines of its output if it ends before. */
  readonly listening: Promise<number>
  /** Resolves when the process drains by itself and must get no more requests; stays pending if it ends otherwise. */
  readonly draining: Promise<void>
  readonly exited: Promise<Exit>
  stop(): Promise<Exit>
}

/** One process of a function, with the requests that it has. */
export interface Instance {
  state: 'starting' | 'ready' | 'stopping'
  port: number
  inFlight: number
  idle: NodeJS.Timeout | undefined
  process: InstanceProcess | undefined
}

interface InstancesOptions {
  readonly name: string
  readonly idleMs: number
  readonly launch: () => Promise<InstanceProcess>
  readonly report: Report
  readonly now: () => number
  /** Called when an instance is ready, drains or has ended. */
  readonly onChange: () => void
  /** Called when an instance does not start, with the pause until the next start. */
  readonly onFailedStart: (pauseMs: number) => void
}

/** The instances of one bundle of a function, each from its start to its end. */
export function createInstances({ name, idleMs, launch, report, now, onChange, onFailedStart }: InstancesOptions) {
  const instances = new Set<Instance>()
  const backoff = createStartBackoff(now)
  let [coldStarts, readyAt] = [0, 0]

  async function start(): Promise<void> {
    const instance: Instance = { state: 'starting', port: 0, inFlight: 0, idle: undefined, process: undefined }
    instances.add(instance)
    const startedAt = now()
    try {
      const process = await launch()
      instance.process = process
      void process.exited.then((exit) => onExit(instance, exit))
      void process.draining.then(() => onDraining(instance))
      instance.port = await process.listening
    } catch (error) {
      instances.delete(instance)
      failStart(error instanceof Error ? error.message : String(error))
      throw error
    }
    backoff.succeed()
    if (instance.state === 'starting') instance.state = 'ready'
    readyAt = now()
    coldStarts++
    report({ event: 'spawn', function: name, pid: instance.process.pid, coldStartMs: now() - startedAt })
    watchIdle(instance)
    onChange()
  }

  function failStart(message: string) {
    const { failures, pauseMs } = backoff.fail()
    const next = pauseMs > 0 ? { nextStartInMs: pauseMs } : {}
    report({ event: 'fault', part: name, message, crashes: failures, ...next })
    onFailedStart(pauseMs)
  }

  function onExit(instance: Instance, { code, signal }: Exit) {
    const wasReady = instance.state === 'ready'
    clearTimeout(instance.idle)
    instances.delete(instance)
    // An instance that listened can start, so no pause is needed: the next request gets a new one.
    if (!wasReady) return
    report({ event: 'fault', part: name, message: `it ended by itself (${signal ?? `status ${code}`})` })
    onChange()
  }

  function onDraining(instance: Instance) {
    clearTimeout(instance.idle)
    instance.state = 'stopping'
    onChange()
  }

  function watchIdle(instance: Instance) {
    if (instance.inFlight === 0 && instance.state === 'ready')
      instance.idle = setTimeout(() => void stopIdle(instance), idleMs)
  }

  async function stopIdle(instance: Instance) {
    if (instance.inFlight > 0 || instance.state !== 'ready') return
    instance.state = 'stopping'
    await instance.process?.stop()
    report({ event: 'idle-stop', function: name, pid: instance.process?.pid ?? 0, idleMs })
  }

  return {
    /** Starts one more; rejects if it does not start. */
    start,
    inState: (state: Instance['state']) => [...instances].filter((instance) => instance.state === state),
    /** Takes a slot of an instance; the returned function frees it. */
    takeSlot: (instance: Instance): (() => void) => {
      instance.inFlight++
      clearTimeout(instance.idle)
      return () => {
        instance.inFlight--
        watchIdle(instance)
      }
    },
    isUnused: () => [...instances].every(({ inFlight }) => inFlight === 0),
    /** When the latest one became ready. */
    readyAt: () => readyAt,
    /** The remaining pause until a start may be tried again; 0 or less if there is none. */
    pauseLeftMs: backoff.leftMs,
    counts: () => ({ instances: instances.size, coldStarts }),
    stop: async () => {
      const ending = [...instances].map((instance) => {
        clearTimeout(instance.idle)
        instance.state = 'stopping'
        return instance.process?.stop()
      })
      await Promise.all(ending)
    },
  }
}

const INITIAL_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 30_000

/**
 * The back-off of a function that does not start: none after the first failure, which may be bad luck, then ever longer pauses
 * from 1 s to 30 s.
 */
function createStartBackoff(now: () => number) {
  let [failures, until] = [0, 0]
  return {
    /** Records a failed start; returns the failures in a row, and the pause that begins. */
    fail: () => {
      failures++
      const pauseMs = failures === 1 ? 0 : Math.min(MAX_PAUSE_MS, INITIAL_PAUSE_MS * 2 ** (failures - 2))
      until = now() + pauseMs
      return { failures, pauseMs }
    },
    succeed: () => {
      failures = 0
    },
    leftMs: () => until - now(),
  }
}
