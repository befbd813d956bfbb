import type { Config } from './config.ts'
import type { Correlation } from './correlation.ts'
import type { Log } from './log.ts'
import type { Transaction } from './unit-of-work.ts'

/**
 * Something that is opened once a process and bound to each request; a function names in `uses` what it needs.
 * Written as methods, so that a list of resources of many kinds has a type.
 * @example
 * const clock: Resource<{ now(): number }, () => number> = { stores: [], open: () => Date.now, bind: (now) => ({ now }) }
 */
export interface Resource<Lent, Opened = unknown> {
  /** The stores that it opens: a function's pod has the secrets of those that its resources name, and of no others. */
  readonly stores: readonly Store[]
  /** Opens it, once a process. `config` has the settings of its own stores only. Throws where one is missing. */
  open(config: Config, log: Log): Opened
  /** What a handler gets for the length of one request, whose correlation it passes on. */
  bind(opened: Opened, request: BindContext): Lent
  /** Rejects while the resource cannot serve. */
  ready?(opened: Opened): Promise<void>
  /** Closes it when the process ends, after its last request. */
  close?(opened: Opened): Promise<void>
  /** Offered by the one resource that can make a request all or nothing; it lends inside of it. */
  transaction?: Transaction<Lent, Opened>
  /**
   * Does what was handed to `afterCommit`, at least once: after a fault, or where the process ended before it was done,
   * the event comes again and this is called again. For subscribers only, since nothing else comes again by itself.
   */
  carryOut?(opened: Opened, payload: unknown, request: { readonly signal: AbortSignal }): Promise<void>
}

/** One that makes a request all or nothing. */
export type TransactionalResource<Lent, Opened = unknown> = Resource<Lent, Opened> &
  Required<Pick<Resource<Lent, Opened>, 'transaction'>>

/**
 * What a resource learns of the request that it is bound to.
 * @example const bind = (_opened: unknown, { signal }: BindContext) => ({ isOver: () => signal.aborted })
 */
export interface BindContext extends Correlation {
  /** Aborts when the deadline passes or the caller hangs up. */
  readonly signal: AbortSignal
  /** Stores with the request's own rows what `carryOut` shall do after their commit, and only then. */
  afterCommit(payload: unknown): Promise<void>
}

/** The stores of the platform, and the settings by which each is reached. */
const STORE_SETTINGS = {
  mail: ['SMTP_URL', 'EBB_MAIL_FOLDER'],
  postgres: ['DATABASE_URL', 'DATABASE_DIRECT_URL'],
  redis: ['REDIS_URL'],
} as const satisfies Readonly<Record<string, readonly (keyof Config)[]>>

export type Store = keyof typeof STORE_SETTINGS

/** Their names, in order. */
// Object.keys of what has no other keys.
export const STORES = Object.keys(STORE_SETTINGS) as readonly Store[]

/** The settings without those of all stores but these: on a cluster, a pod has no others. */
export function restrictToStores(config: Config, stores: readonly Store[]): Config {
  const others = STORES.filter((store) => !stores.includes(store)).flatMap((store) => STORE_SETTINGS[store])
  return { ...config, ...Object.fromEntries(others.map((name) => [name, undefined])) }
}

/**
 * Refuses what a handler asks of a tool after its request has ended. The refusal is logged, and its promise counts as
 * handled: most likely nobody awaits it, and an unhandled rejection would end the process with everybody's requests.
 */
export function rejectLateCall(what: string, log: Pick<Log, 'error'>): Promise<never> {
  const fault = new Error(`the request is over, so ${what}; await it in the handler`)
  log.error({ err: fault }, 'a handler went on after the end of its request')
  const refused = Promise.reject(fault)
  refused.catch(() => {})
  return refused
}
