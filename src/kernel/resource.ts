import type { Config } from './config.ts'
import type { Log } from './log.ts'
import type { Store } from './stores.ts'
import type { Correlation } from './trace.ts'
import type { Transaction } from './unit-of-work.ts'

/**
 * Something that is opened once a process and lent to every request; a function names in `uses` what it needs.
 * Written as methods, so that a list of resources of many kinds has a type.
 */
export interface Resource<Lent, Opened = unknown> {
  /** The stores that it opens: a function's pod has the secrets of those that its resources name, and of no others. */
  readonly stores: readonly Store[]
  /** Finds the settings of its own stores only. */
  open(config: Config, log: Log): Opened
  /** What a handler gets for the length of one request, whose correlation it passes on. */
  lend(opened: Opened, request: Lending): Lent
  /** Rejects while the resource cannot serve. */
  ready?(opened: Opened): Promise<void>
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

export interface Lending extends Correlation {
  readonly signal: AbortSignal
  /** Stores with the request's own rows what `carryOut` shall do after their commit, and only then. */
  afterCommit(payload: unknown): Promise<void>
}
