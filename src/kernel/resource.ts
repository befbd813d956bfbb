import type { Config } from './config.ts'
import type { Log } from './log.ts'
import type { Transaction } from './unit-of-work.ts'

/** Something that is opened once a process and lent to every request; a function names in `uses` what it needs. */
export interface Resource<Lent, Opened = unknown> {
  readonly open: (config: Config, log: Log) => Opened
  /** What a handler gets. */
  readonly lend: (opened: Opened) => Lent
  /** Rejects while the resource cannot serve. */
  readonly ready?: (opened: Opened) => Promise<void>
  readonly close?: (opened: Opened) => Promise<void>
  /** Offered by the one resource that can make a request all or nothing. */
  readonly transaction?: Transaction<Lent, Opened>
}
