import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'undici'

export interface TimedResponse {
  readonly status: number
  readonly tookMs: number
}

/** One request; status 0 where there was no answer. */
export async function sendRequest(pool: Pool, path: string): Promise<TimedResponse> {
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
export async function runClosedLoop(
  pool: Pool,
  path: string,
  { callers = 20, seconds = 10 } = {},
): Promise<TimedResponse[]> {
  const answers: TimedResponse[] = []
  const until = performance.now() + seconds * 1_000
  const caller = async () => {
    while (performance.now() < until) answers.push(await sendRequest(pool, path))
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return answers
}

/**
 * Asks so often, whatever the answers: as callers who know nothing of each other. Resolves when the last request is sent,
 * with what waits for the last answer.
 */
export async function runOpenLoop(
  pool: Pool,
  path: string,
  { perSecond = 1, seconds = 10 } = {},
): Promise<{ readonly answered: Promise<TimedResponse[]> }> {
  const answers: Promise<TimedResponse>[] = []
  const beganAt = performance.now()
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - beganAt) {
    const due = Math.floor((elapsedMs / 1_000) * perSecond)
    while (answers.length < due) answers.push(sendRequest(pool, path))
    await delay(5)
  }
  return { answered: Promise.all(answers) }
}
