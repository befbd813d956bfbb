import { within } from '../../src/data/within.ts'

export interface BatchOptions {
  /** Questions that are asked together at most. */
  readonly maxBatch: number
  /** Batches that run at a time. */
  readonly maxRunning: number
  /** Questions that wait for the next batch. */
  readonly maxWaiting: number
  /** For an answer, the wait included. */
  readonly limitMs: number
  /** Returns what a question rejects with for which there is no room. */
  readonly overflow: () => Error
}

interface Waiter<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  readonly reject: (fault: unknown) => void
}

/**
 * Asks many questions with few calls: one that comes while all are running waits, and is asked with all others that
 * came meanwhile. So a database that is slow, or has gone silent, is asked no more often, and what waits is bounded.
 * `ask` returns the answers in the order of the questions.
 */
export function inBatches<Question, Answer>(
  ask: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  { maxBatch, maxRunning, maxWaiting, limitMs, overflow }: BatchOptions,
): (question: Question, options?: { readonly isKnown?: boolean }) => Promise<Answer> {
  const waiting = new Set<Waiter<Question, Answer>>()
  let running = 0

  function start() {
    while (running < maxRunning && waiting.size > 0) {
      const batch = [...waiting.values().take(maxBatch)]
      for (const waiter of batch) waiting.delete(waiter)
      running++
      void run(batch).finally(() => {
        running--
        start()
      })
    }
  }

  async function run(batch: readonly Waiter<Question, Answer>[]) {
    try {
      const answers = await ask(batch.map(({ question }) => question))
      // `ask` returns one for each.
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as Answer)
    } catch (fault) {
      for (const { reject } of batch) reject(fault)
    }
  }

  /** A known question, of which there are not many, is taken where strangers are not. */
  return async (question, { isKnown = false } = {}) => {
    if (waiting.size >= maxWaiting && !isKnown) throw overflow()
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const waiter = { question, resolve, reject }
    waiting.add(waiter)
    start()
    try {
      return await within(limitMs, promise)
    } finally {
      waiting.delete(waiter)
    }
  }
}
