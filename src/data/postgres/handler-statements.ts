import { type Log, rejectLateCall } from '../../kernel/index.ts'
import type { ExecuteStatement } from './sql.ts'

/** Runs what it is given one after the other, however it is awaited. */
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
 * request.
 */
export function createHandlerStatements(run: ExecuteStatement, log: Pick<Log, 'error'>) {
  let running = 0
  let ended = false
  const settled = () => {
    running--
  }
  return {
    run: ((statement) => {
      if (ended) return rejectLateCall('this statement does not run', log)
      running++
      const result = run(statement)
      result.then(settled, settled)
      return result
    }) satisfies ExecuteStatement,
    /** Ends it, and says how many statements are still running. */
    end: (): number => {
      ended = true
      return running
    },
  }
}
