/** What a subject of the bench exports: a file of its own, since each runs in processes of its own. */
export interface QueueModule {
  /** Makes its tables, or empties them. */
  prepare(stores: Stores): Promise<void>
  openProducer(options: Stores & { readonly transact: Transact }): Promise<Producer>
  /** Undefined where a worker is not started by the bench's own `work.ts`. */
  startWorker?(options: Stores & WorkerOptions): Promise<unknown>
}

export interface Stores {
  readonly databaseUrl: string
  readonly redisUrl: string
}

export interface Producer {
  /** Stores a row of the caller's own and event number `n`. Resolves to when the COMMIT was answered, by `nowMs`. */
  enqueue(n: number): Promise<number>
}

export interface WorkerOptions {
  /** Jobs at a time. */
  readonly concurrency: number
  /** POSTs event number `n` to the subscriber. */
  readonly deliver: (n: number) => Promise<void>
}

/** Inserts the row and does `work` in the same transaction. Resolves to when the COMMIT was answered. */
export type Transact = (n: number, work: (client: Queryable) => Promise<unknown>) => Promise<number>

/** Of a connection in a transaction. */
interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>
}

/** The caller's own row, in the same transaction as the event. */
export const OWN_ROW = 'insert into own_row (n) values ($1)'

/** Milliseconds on a clock that all processes of this machine share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
