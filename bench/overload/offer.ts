import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'undici'

export interface Answer {
  readonly status: number
  readonly tookMs: number
}

/** One request; status 0 where there was no answer. */
export async function ask(pool: Pool, path: string): Promise<Answer> {
  const beganAt = performance.now()
  const status = await pool.request({ path, method: 'POST' }).then(
    async ({ statusCode, body }) => {
      await body.dump()
      return statusCode
    },
    () => 0,
  )
  return { status, tookMs: performance.now() - beganAt }
}

/** Asks over so many connections, each again as soon as it is answered: as callers who wait for each other. */
export async function inTurns(pool: Pool, path: string, { callers = 20, seconds = 10 } = {}): Promise<Answer[]> {
  const answers: Answer[] = []
  const until = performance.now() + seconds * 1_000
  const caller = async () => {
    while (performance.now() < until) answers.push(await ask(pool, path))
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return answers
}

/** Asks so often, whatever the answers: as callers who know nothing of each other. */
export async function offer(pool: Pool, path: string, { perSecond = 1, seconds = 10 } = {}): Promise<Answer[]> {
  const answers: Promise<Answer>[] = []
  const beganAt = performance.now()
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - beganAt) {
    const due = Math.floor((elapsedMs / 1_000) * perSecond)
    while (answers.length < due) answers.push(ask(pool, path))
    await delay(5)
  }
  return Promise.all(answers)
}
