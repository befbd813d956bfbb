import { Problem, type Scale } from '../contract/index.ts'
import type { FunctionStatus } from '../protocol/index.ts'
import type { Exit } from './processes/start-child.ts'
import type { Report } from './report.ts'
import { createStartBackoff } from './start-backoff.ts'

/** One process of a function. */
export interface InstanceProcess {
  readonly pid: number
  /** The port, once it listens; rejects with the last lines of its output if it ends before. */
  readonly listening: Promise<number>
  /** Resolves when the process drains by itself and must get no more requests; stays pending if it ends otherwise. */
  readonly leaving: Promise<void>
  readonly exited: Promise<Exit>
  stop(): Promise<Exit>
}

export interface FunctionPoolOptions {
  readonly name: string
  readonly scale: Scale
  readonly idleMs: number
  readonly launch: () => Promise<InstanceProcess>
  readonly report: Report
  readonly now?: () => number
}

/** A slot in an instance, to be released when the request is over. */
export interface Lease {
  readonly port: number
  /** What is left of the request's time: waiting for a cold start does not count, waiting for a slot does. */
  readonly leftMs: number
  /** `refused`: the instance answered that it is overloaded. */
  release(outcome: 'done' | 'refused'): void
}

export interface AcquireOptions {
  readonly signal: AbortSignal
  /** The request's timeout. A request that would wait longer than half of it for a slot is refused. */
  readonly timeoutMs: number
}

export interface FunctionPool {
  /** Takes a slot in an instance, which is started if there is none; requests wait in order. Rejects with the Problem to respond with. */
  acquire(options: AcquireOptions): Promise<Lease>
  /** Starts one instance ahead of any request; rejects if it does not start. */
  warm(): Promise<void>
  status(): FunctionStatus
  /** Takes no more requests, and stops when the last one is over. */
  retire(): Promise<void>
  /** Stops all instances now. */
  stop(): Promise<void>
}

interface Instance {
  state: 'starting' | 'ready' | 'stopping'
  port: number
  inFlight: number
  idle: NodeJS.Timeout | undefined
  process: InstanceProcess | undefined
}

interface Waiter {
  readonly since: number
  readonly timeoutMs: number
  readonly grant: (lease: Lease) => void
  readonly refuse: (problem: Problem) => void
}

const MAX_WAITING = 1_000
/** After a refusal no instance is started for this long: the overloaded one waits for something else, and another one would, too. */
const REFUSED_PAUSE_MS = 1_000
/** The weight of the newest request in the moving average of slot times. */
const PACE_WEIGHT = 0.1

/** The instances of one bundle of a function: none at first, more as requests wait, none again when idle. */
export function createFunctionPool(options: FunctionPoolOptions): FunctionPool {
  const { name, scale, idleMs, launch, report, now = Date.now } = options
  const instances = new Set<Instance>()
  const waiting: Waiter[] = []
  const emptied: (() => void)[] = []
  const pause = createStartBackoff(now)
  let [coldStarts, requests, closed] = [0, 0, false]
  let [readyAt, refusedAt, heldMs] = [0, Number.NEGATIVE_INFINITY, 0]

  const inState = (state: Instance['state']) => [...instances].filter((instance) => instance.state === state)

  /** Whether one more instance is allowed, and would help. */
  function mayStart(): boolean {
    const [starting, ready] = [inState('starting').length, inState('ready').length]
    return starting + ready < scale.max && (ready === 0 || now() - refusedAt >= REFUSED_PAUSE_MS)
  }

  const waitedMs = ({ since }: Waiter) => now() - Math.max(since, readyAt)

  function assign() {
    for (;;) {
      const free = inState('ready').filter(({ inFlight }) => inFlight < scale.concurrency)
      const [instance] = free.sort((a, b) => b.inFlight - a.inFlight)
      const next = instance && waiting.shift()
      if (!next) break
      // Refusing it leaves those behind it enough time.
      if (waitedMs(next) > next.timeoutMs / 2) next.refuse(busy())
      else next.grant(lend(instance, next))
    }
    const starting = inState('starting').length
    if (waiting.length > starting * scale.concurrency && mayStart()) spawn().catch(() => {})
    if (closed && waiting.length === 0 && [...instances].every(({ inFlight }) => inFlight === 0)) {
      for (const resolve of emptied.splice(0)) resolve()
    }
  }

  function lend(instance: Instance, waiter: Waiter): Lease {
    instance.inFlight++
    const lentAt = now()
    const leftMs = Math.floor(waiter.timeoutMs - waitedMs(waiter))
    clearTimeout(instance.idle)
    let released = false
    const release: Lease['release'] = (outcome) => {
      if (released) return
      released = true
      instance.inFlight--
      heldMs += (now() - lentAt - heldMs) * PACE_WEIGHT
      if (outcome === 'refused') refusedAt = now()
      rest(instance)
      assign()
    }
    return { port: instance.port, leftMs, release }
  }

  function rest(instance: Instance) {
    if (instance.inFlight === 0 && instance.state === 'ready')
      instance.idle = setTimeout(() => void stopIdle(instance), idleMs)
  }

  async function spawn(): Promise<void> {
    const instance: Instance = { state: 'starting', port: 0, inFlight: 0, idle: undefined, process: undefined }
    instances.add(instance)
    const startedAt = now()
    try {
      const process = await launch()
      instance.process = process
      void process.exited.then((exit) => onExit(instance, exit))
      void process.leaving.then(() => onLeaving(instance))
      instance.port = await process.listening
    } catch (error) {
      instances.delete(instance)
      onFailedStart(error instanceof Error ? error.message : String(error))
      throw error
    }
    pause.succeed()
    if (instance.state === 'starting') instance.state = 'ready'
    readyAt = now()
    coldStarts++
    report({ event: 'spawn', function: name, pid: instance.process.pid, coldStartMs: now() - startedAt })
    rest(instance)
    assign()
  }

  function onExit(instance: Instance, { code, signal }: Exit) {
    const ran = instance.state === 'ready'
    clearTimeout(instance.idle)
    instances.delete(instance)
    // An instance that listened can start, so no pause is needed: the next request gets a new one.
    if (!ran) return
    report({ event: 'fault', part: name, message: `it ended by itself (${signal ?? `status ${code}`})` })
    assign()
  }

  function onLeaving(instance: Instance) {
    clearTimeout(instance.idle)
    instance.state = 'stopping'
    assign()
  }

  function onFailedStart(message: string) {
    const { failures, ms: pauseMs } = pause.fail()
    const next = pauseMs > 0 ? { nextStartInMs: pauseMs } : {}
    report({ event: 'fault', part: name, message, crashes: failures, ...next })
    if (inState('ready').length + inState('starting').length > 0) return assign()
    for (const { refuse } of waiting.splice(0)) refuse(notStarting(pauseMs))
    assign()
  }

  const notStarting = (pauseMs: number) =>
    new Problem('bad_gateway', 502, `${name} does not start.`, {
      retryAfterSeconds: Math.max(1, Math.ceil(pauseMs / 1_000)),
    })

  async function stopIdle(instance: Instance) {
    if (instance.inFlight > 0 || instance.state !== 'ready') return
    instance.state = 'stopping'
    await instance.process?.stop()
    report({ event: 'idle-stop', function: name, pid: instance.process?.pid ?? 0, idleMs })
  }

  const busy = () => new Problem('unavailable', 503, `${name} has more to do than it can.`, { retryAfterSeconds: 1 })

  /** Whether, at the current pace, the request would wait too long for a slot: it is refused at once then. */
  function isInVain(timeoutMs: number): boolean {
    const places = inState('ready').length * scale.concurrency
    return inState('starting').length === 0 && !mayStart() && (heldMs * (waiting.length + 1)) / places > timeoutMs / 2
  }

  async function acquire({ signal, timeoutMs }: AcquireOptions): Promise<Lease> {
    requests++
    if (closed) throw new Problem('unavailable', 503, `${name} is stopping.`, { retryAfterSeconds: 1 })
    if (waiting.length >= MAX_WAITING || (waiting.length > 0 && isInVain(timeoutMs))) throw busy()
    const pauseMs = pause.leftMs()
    if (pauseMs > 0 && inState('ready').length === 0) throw notStarting(pauseMs)
    const { promise, resolve: grant, reject: refuse } = Promise.withResolvers<Lease>()
    const waiter = { since: now(), timeoutMs, grant, refuse }
    waiting.push(waiter)
    signal.addEventListener('abort', () => {
      const index = waiting.indexOf(waiter)
      if (index >= 0) waiting.splice(index, 1)
      refuse(new Problem('caller_gone', 499, 'The caller hung up.'))
    })
    assign()
    return promise
  }

  async function stop() {
    closed = true
    const ending = [...instances].map((instance) => {
      clearTimeout(instance.idle)
      instance.state = 'stopping'
      return instance.process?.stop()
    })
    await Promise.all(ending)
  }

  return {
    acquire,
    warm: spawn,
    status: () => ({ name, instances: instances.size, coldStarts, requests }),
    retire: async () => {
      closed = true
      const empty = new Promise<void>((resolve) => emptied.push(resolve))
      assign()
      await empty
      await stop()
    },
    stop,
  }
}
