import { Problem, type Scale } from '../contract/index.ts'
import type { FunctionStatus } from '../protocol/index.ts'
import { createInstances, type Instance, type InstanceProcess } from './function-instances.ts'
import type { Report } from './report.ts'

interface FunctionPoolOptions {
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

/** How long a request may wait for a slot. */
export interface AcquireOptions {
  readonly signal: AbortSignal
  /** The request's timeout. A request that would wait longer than half of it for a slot is refused. */
  readonly timeoutMs: number
}

/** The instances of one function on this machine, and the queue before them. */
export interface FunctionPool {
  /**
   * Takes a slot in an instance, which is started if there is none; requests wait in order. Rejects with the Problem to respond
   * with.
   */
  acquire(options: AcquireOptions): Promise<Lease>
  /** Starts one instance ahead of any request; rejects if it does not start. */
  warm(): Promise<void>
  status(): FunctionStatus
  /** Takes no more requests, and stops when the last one is over. */
  retire(): Promise<void>
  /** Stops all instances now. */
  stop(): Promise<void>
}

interface Waiter {
  readonly since: number
  readonly timeoutMs: number
  readonly grant: (lease: Lease) => void
  readonly refuse: (problem: Problem) => void
}

const MAX_WAITING = 1_000
/** After a refusal no instance is started for this long: what the overloaded one waits for, another one would wait for, too. */
const REFUSED_PAUSE_MS = 1_000
/** The weight of the newest request in the moving average of slot times. */
const PACE_WEIGHT = 0.1

/** Serves the requests of one bundle of a function: no instance at first, more as requests wait, none again when idle. */
export function createFunctionPool(options: FunctionPoolOptions): FunctionPool {
  const { name, scale, idleMs, launch, report, now = Date.now } = options
  const waiting: Waiter[] = []
  const emptied: (() => void)[] = []
  let [requests, closed] = [0, false]
  let [refusedAt, heldMs] = [Number.NEGATIVE_INFINITY, 0]
  const instances = createInstances({ name, idleMs, launch, report, now, onChange: assign, onFailedStart })

  /** Whether one more instance is allowed, and would help. */
  function canStart(): boolean {
    const [starting, ready] = [instances.inState('starting').length, instances.inState('ready').length]
    return starting + ready < scale.max && (ready === 0 || now() - refusedAt >= REFUSED_PAUSE_MS)
  }

  const waitedMs = ({ since }: Waiter) => now() - Math.max(since, instances.readyAt())

  /** Gives free slots to the requests that wait, and starts an instance for those that are left. */
  function assign() {
    for (;;) {
      const free = instances.inState('ready').filter(({ inFlight }) => inFlight < scale.concurrency)
      const [instance] = free.sort((a, b) => b.inFlight - a.inFlight)
      const next = instance && waiting.shift()
      if (!next) break
      // Refusing it leaves those behind it enough time.
      if (waitedMs(next) > next.timeoutMs / 2) next.refuse(overloaded())
      else next.grant(lease(instance, next))
    }
    const starting = instances.inState('starting').length
    if (waiting.length > starting * scale.concurrency && canStart()) instances.start().catch(() => {})
    if (closed && waiting.length === 0 && instances.isUnused()) for (const resolve of emptied.splice(0)) resolve()
  }

  function lease(instance: Instance, waiter: Waiter): Lease {
    const grantedAt = now()
    const leftMs = Math.floor(waiter.timeoutMs - waitedMs(waiter))
    const free = instances.takeSlot(instance)
    let released = false
    const release: Lease['release'] = (outcome) => {
      if (released) return
      released = true
      heldMs += (now() - grantedAt - heldMs) * PACE_WEIGHT
      if (outcome === 'refused') refusedAt = now()
      free()
      assign()
    }
    return { port: instance.port, leftMs, release }
  }

  function onFailedStart(pauseMs: number) {
    if (instances.inState('ready').length + instances.inState('starting').length === 0) {
      for (const { refuse } of waiting.splice(0)) refuse(notStarting(pauseMs))
    }
    assign()
  }

  const notStarting = (pauseMs: number) =>
    new Problem('bad_gateway', 502, `${name} does not start.`, {
      retryAfterSeconds: Math.max(1, Math.ceil(pauseMs / 1_000)),
    })

  const overloaded = () => new Problem('unavailable', 503, `${name} is overloaded.`, { retryAfterSeconds: 1 })

  /** Whether, at the current pace, the request would wait too long for a slot: it is refused at once then. */
  function wouldWaitTooLong(timeoutMs: number): boolean {
    if (instances.inState('starting').length > 0 || canStart()) return false
    const slots = instances.inState('ready').length * scale.concurrency
    return (heldMs * (waiting.length + 1)) / slots > timeoutMs / 2
  }

  async function acquire({ signal, timeoutMs }: AcquireOptions): Promise<Lease> {
    requests++
    if (closed) throw new Problem('unavailable', 503, `${name} is stopping.`, { retryAfterSeconds: 1 })
    if (waiting.length >= MAX_WAITING || (waiting.length > 0 && wouldWaitTooLong(timeoutMs))) throw overloaded()
    const pauseMs = instances.pauseLeftMs()
    if (pauseMs > 0 && instances.inState('ready').length === 0) throw notStarting(pauseMs)
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
    await instances.stop()
  }

  return {
    acquire,
    warm: instances.start,
    status: () => ({ name, ...instances.counts(), requests }),
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
