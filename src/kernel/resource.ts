import type { Config } from './config.ts'
import type { Correlation } from './correlation.ts'
import type { Delegated } from './delegated.ts'
import type { InstanceUse, RecordedInstance } from './instance-account.ts'
import type { Log } from './log.ts'
import type { Policy, PolicyDecision, PolicyQuestion } from './policy.ts'
import type { Store } from './stores.ts'
import type { Transaction } from './unit-of-work.ts'

/**
 * What a handler works with besides its input, such as a database or an API of another company: opened once per process,
 * bound to each request. A function names in `uses` what it needs, and its handler gets it under the same name.
 * @example
 * const clock: Resource<{ now(): number }, () => number> = { stores: [], open: () => Date.now, bind: (now) => ({ now }) }
 */
// Written as methods, so that a list of resources of many kinds has a type.
export interface Resource<Bound, Opened = unknown> {
  /** The stores that it connects to: a function's pod has only the secrets of the stores that its resources name. */
  readonly stores: readonly Store[]
  /**
   * Opens it, once per process. `config` has the settings of its own stores only; `contract` is that of the function. Throws
   * where something is missing.
   */
  open(config: Config, log: Log, contract?: ResourceContract): Opened
  /** What a handler gets for the duration of one request, whose correlation it passes on. */
  bind(opened: Opened, context: BindContext): Bound
  /** Rejects while the resource cannot serve. */
  ready?(opened: Opened): Promise<void>
  /** Closes it when the process ends, after its last request. */
  close?(opened: Opened): Promise<void>
  /**
   * Only a resource that can make a request all or nothing has it; it binds to the transaction. Resources with one and the same
   * are opened once, and share the transaction of each request.
   */
  transaction?: Transaction<unknown, Opened>
  /** What a handler gets of what the transaction binds. Default: that itself. */
  view?(shared: never): Bound
  /**
   * Does what was passed to `afterCommit`, at least once: after an error, or where the process ended before it was done,
   * the event is delivered again and this is called again. For subscribers only, since nothing else is repeated by itself.
   */
  runEffect?(opened: Opened, payload: unknown, request: { readonly signal: AbortSignal }): Promise<void>
  /** Only a database has it: keeps what this process has used so far, for `ebb cost`. */
  recordUse?(opened: Opened, instance: RecordedInstance, use: InstanceUse): Promise<void>
  /** The functions that it calls, by their names: a contract has to declare them in `calls`. */
  readonly calls?: readonly string[]
  /** Only a policy has it: decides what a caller may do. Rejects where it cannot. */
  decide?(opened: Opened, question: PolicyQuestion, request: PolicyRequest): Promise<PolicyDecision>
}

/**
 * What a resource may know of the contract whose function it is opened for.
 * @example const open = (_config: unknown, _log: Log, { egress = [] }: ResourceContract = { name: 'none' }) => new Set(egress)
 */
export interface ResourceContract {
  /** The function's name. */
  readonly name: string
  /** The hosts that it says it calls. */
  readonly egress?: readonly string[]
}

/** The request that a decision is for. */
export type PolicyRequest = Correlation & { readonly signal: AbortSignal }

/** A resource that makes a request all or nothing. */
export type TransactionalResource<Bound, Opened = unknown, Shared = Bound> = Omit<
  Resource<Bound, Opened>,
  'transaction'
> & { readonly transaction: Transaction<Shared, Opened> }

/** A resource that decides what callers may do. */
export type PolicyResource<Opened = unknown> = Resource<Policy, Opened> &
  Required<Pick<Resource<Policy, Opened>, 'decide'>>

/**
 * What a resource learns of the request that it is bound to.
 * @example const bind = (_opened: unknown, { signal }: BindContext) => ({ isOver: () => signal.aborted })
 */
export interface BindContext extends Correlation {
  /** Aborts when the request's deadline is over or its caller has gone. */
  readonly signal: AbortSignal
  /** The tenant of the caller: what a resource keeps between requests is to be kept for each tenant by itself. */
  readonly tenant?: string | undefined
  /** Stores, in the request's transaction, what `runEffect` is to do after its commit. `payload` goes through JSON. */
  afterCommit(payload: unknown): Promise<void>
  /** Asks the policy in the handler's `uses`; rejects where there is none. Every handler's resources get it. */
  readonly allows?: Policy['allows']
  /** What the request lends to its calls of other functions; undefined where the contract declares none. */
  readonly delegated?: Delegated
}

/**
 * Rejects what a handler calls after its request has ended, and logs it. The promise counts as handled: most likely it is
 * not awaited, and an unhandled rejection would end the process and all its requests.
 */
export function rejectLateCall(what: string, log: Pick<Log, 'error'>): Promise<never> {
  const error = new Error(`the request is over, so ${what}; await it in the handler`)
  log.error({ err: error }, 'a handler used its context after the request ended')
  const rejected = Promise.reject(error)
  rejected.catch(() => {})
  return rejected
}
