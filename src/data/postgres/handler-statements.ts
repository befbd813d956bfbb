import { type Log, rejectLateCall } from '../../kernel/index.ts'
import type { OutboxNotifier } from '../outbox.ts'
import type { DatabaseAddress } from './database-address.ts'
import type { Replica } from './replica.ts'
import type { RunStatement } from './run-statement.ts'
import type { ExecuteStatement } from './statements.ts'
import type { ConnectionSource } from './with-connection.ts'

/** What `postgres` opens once a process. */
export interface OpenedPostgres extends ConnectionSource {
  /** Undefined where it does not change. */
  readonly address?: Pick<DatabaseAddress, 'close'>
  /** Undefined where there is none. */
  readonly replica?: Replica | undefined
  /** Tells the relay that the outbox has new events. */
  readonly outbox: OutboxNotifier
  readonly log: Pick<Log, 'error'>
  readonly run: RunStatement
}

/** Returns a function that runs the work it is given one after the other, whether or not it is awaited in between. */
export function createSerializer() {
  let last: Promise<unknown> = Promise.resolve()
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    const next = last.then(work)
    last = next.catch(() => {})
    return next
  }
}

/**
 * The statements of one handler, up to its end: from then on each is refused, since its connection may serve another
 * request by then.
 */
export function createHandlerStatements(run: ExecuteStatement, log: Pick<Log, 'error'>) {
  let running = 0
  let ended = false
  const settled = () => {
    running--
  }
  /** Has `work` count as a statement. */
  const during =
    <Args extends readonly unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> => {
      if (ended) return rejectLateCall('this statement does not run', log)
      running++
      const result = work(...args)
      result.then(settled, settled)
      return result
    }
  return {
    run: during(run),
    during,
    /** Marks the end, and returns how many statements are still running. */
    end: (): number => {
      ended = true
      return running
    },
  }
}
