import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import type { Kind } from './requests.ts'

/** What went wrong, by the kind of request, with the first few examples. */
export interface Tally {
  /** Requests that were sent again, since the gateway had asked for that (503): it was late with all that it does. */
  shed: number
  readonly answers: Map<string, number>
  readonly failures: string[]
  failed: number
}

export const newTally = (): Tally => ({ shed: 0, answers: new Map(), failures: [], failed: 0 })

/** Callers with a connection each, which none of them loses: how many were opened, and how many closed. */
export function openCallers(url: string, count: number) {
  const pool = new Pool(url, {
    connections: count,
    pipelining: 1,
    keepAliveTimeout: 600_000,
    keepAliveMaxTimeout: 600_000,
  })
  const connections = { opened: 0, dropped: 0 }
  pool.on('connect', () => void connections.opened++)
  let closing = false
  pool.on('disconnect', () => {
    if (!closing) connections.dropped++
  })
  const close = async () => {
    closing = true
    await pool.close()
  }
  return { pool, connections, close }
}

/** Sends `requests` requests, by as many at a time as there are callers, and checks each answer. */
export async function sendAll(
  pool: Pool,
  {
    requests,
    callers,
    make,
    tally,
    onSent,
  }: {
    readonly requests: number
    readonly callers: number
    readonly make: (i: number) => Kind
    readonly tally: Tally
    readonly onSent?: (sent: number) => Promise<void> | undefined
  },
): Promise<void> {
  let next = 0
  const run = async () => {
    while (next < requests) {
      const i = next++
      await sendOne(pool, make(i), tally)
      await onSent?.(i + 1)
    }
  }
  await Promise.all(Array.from({ length: callers }, run))
}

async function sendOne(pool: Pool, kind: Kind, tally: Tally): Promise<void> {
  const { name, method, path, headers, body, statuses, contains = '' } = kind
  try {
    const response = await pool.request({ method, path, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.body.text()
    const { statusCode } = response
    if (statusCode === 503 && text.includes(TOO_BUSY)) {
      tally.shed++
      await delay(RETRY_MS)
      return sendOne(pool, kind, tally)
    }
    const answer = `${name}: ${statusCode}`
    tally.answers.set(answer, (tally.answers.get(answer) ?? 0) + 1)
    if (statuses.includes(statusCode) && (statusCode >= 300 || text.includes(contains))) return
    fail(tally, `${answer} ${text.slice(0, 200)}`)
  } catch (error) {
    fail(tally, `${name}: ${error}`)
  }
}

/** What `shedLoad` says. */
const TOO_BUSY = 'The gateway has too much to do'
const RETRY_MS = 100

function fail(tally: Tally, what: string) {
  tally.failed++
  if (tally.failures.length < 10) tally.failures.push(what)
}
