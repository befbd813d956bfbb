import type { Config } from './config.ts'
import type { Log } from './log.ts'
import type { Transaction } from './unit-of-work.ts'

/**
 * Something that is opened once per process and bound to each request; a function names in `uses` what it needs.
 * Written as methods, so that a list of resources of many kinds has a type.
 * @example
 * const clock: Resource<{ now(): number }, () => number> = { stores: [], open: () => Date.now, bind: (now) => ({ now }) }
 */
export interface Resource<Bound, Opened = unknown> {
  /** The stores that it connects to: a function's pod has only the secrets of the stores that its resources name. */
  readonly stores: readonly Store[]
  /** Opens it, once per process. `config` has the settings of its own stores only. Throws where one is missing. */
  open(config: Config, log: Log): Opened
  /** What a handler gets for the duration of one request, whose correlation it passes on. */
  bind(opened: Opened, context: BindContext): Bound
  /** Rejects while the resource cannot serve. */
  ready?(opened: Opened): Promise<void>
  /** Closes it when the process ends, after its last request. */
  close?(opened: Opened): Promise<void>
  /** Only the one resource that can make a request all or nothing has it; it binds to the transaction. */
  transaction?: Transaction<Bound, Opened>
  /**
   * Does what was passed to `afterCommit`, at least once: after an error, or where the process ended before it was done,
   * the event is delivered again and this is called again. For subscribers only, since nothing else is repeated by itself.
   */
  carryOut?(opened: Opened, payload: unknown, request: { readonly signal: AbortSignal }): Promise<void>
}

/** A resource that makes a request all or nothing. */
export type TransactionalResource<Bound, Opened = unknown> = Resource<Bound, Opened> &
  Required<Pick<Resource<Bound, Opened>, 'transaction'>>

/** What every message carries, so that a click can be traced to the e-mail that it causes. */
export interface Correlation {
  readonly correlationId: string
  /** W3C Trace Context. */
  readonly traceparent: string
}

export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35)

/**
 * What a resource learns of the request that it is bound to.
 * @example const bind = (_opened: unknown, { signal }: BindContext) => ({ isOver: () => signal.aborted })
 */
export interface BindContext extends Correlation {
  /** Aborts when the request's deadline is over or its caller has gone. */
  readonly signal: AbortSignal
  /** Stores, in the request's transaction, what `carryOut` is to do after its commit. `payload` goes through JSON. */
  afterCommit(payload: unknown): Promise<void>
}

/** The stores of the platform, and the settings that say where each is. */
const STORE_SETTINGS = {
  mail: ['SMTP_URL', 'EBB_MAIL_FOLDER'],
  postgres: ['DATABASE_URL', 'DATABASE_DIRECT_URL'],
  redis: ['REDIS_URL'],
} as const satisfies Readonly<Record<string, readonly (keyof Config)[]>>

export type Store = keyof typeof STORE_SETTINGS

/** The names of the stores. */
// Object.keys of an object that has no other keys.
export const STORES = Object.keys(STORE_SETTINGS) as readonly Store[]

/** The settings without those of other stores: on a cluster, a pod has no others. */
export function restrictToStores(config: Config, stores: readonly Store[]): Config {
  const others = STORES.filter((store) => !stores.includes(store)).flatMap((store) => STORE_SETTINGS[store])
  return { ...config, ...Object.fromEntries(others.map((name) => [name, undefined])) }
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
