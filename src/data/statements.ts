import type pg from 'pg'
import { type Log, refuseLate } from '../kernel/index.ts'
import type { Run } from './sql.ts'

/** One statement by the extended protocol, which refuses a text of several before anything of it runs. */
export const oneStatement = (text: string, values: readonly unknown[]): pg.QueryConfig => ({
  ...{ text, values: [...values] },
  // pg reads it, and its types leave it out.
  ...({ queryMode: 'extended' } as object),
})

/** Runs what it is given one after the other, however it is awaited. */
export function inTurn() {
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
export function untilEnd(run: Run, log: Pick<Log, 'error'>) {
  let running = 0
  let ended = false
  const settled = () => {
    running--
  }
  return {
    run: ((text, values) => {
      if (ended) return refuseLate('this statement does not run', log)
      running++
      const result = run(text, values)
      result.then(settled, settled)
      return result
    }) satisfies Run,
    /** Ends it, and says how many statements are still running. */
    end: (): number => {
      ended = true
      return running
    },
  }
}
