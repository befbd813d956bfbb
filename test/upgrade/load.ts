import { randomUUID } from 'node:crypto'
import { untilTrue } from '../support/until.ts'

/** What a project's callers do: one write to three reads. */
export interface Traffic {
  /** The role whose key they have. */
  readonly role: string
  readonly write: { readonly path: string; readonly body: (i: number) => unknown }
  readonly read: string
}

export interface LoadResult {
  readonly requests: number
  /** What was not answered as it should be, and how often. */
  readonly failures: ReadonlyMap<string, number>
  /** The ids of what was written and acknowledged. */
  readonly written: readonly string[]
  /** Of each server, how many requests went to it. */
  readonly servedBy: ReadonlyMap<string, number>
}

const PER_SECOND = 50
const REQUEST_LIMIT_MS = 60_000
let written = 0

/** Callers at a steady rate, who can be sent elsewhere meanwhile, as a load balancer would. What fails is not tried again. */
export function startLoad({ write, read }: Traffic, key: string, firstUrl: string) {
  let url = firstUrl
  let sent = 0
  const failures = new Map<string, number>()
  const servedBy = new Map<string, number>()
  const ids: string[] = []
  const open = new Set<Promise<void>>()
  const count = (counts: Map<string, number>, what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)

  async function send(isWrite: boolean) {
    const [method, path] = isWrite ? ['POST', write.path] : ['GET', read]
    count(servedBy, url)
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { 'x-api-key': key, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
        ...(isWrite ? { body: JSON.stringify(write.body(written++)) } : {}),
        signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      })
      const text = await response.text()
      if (response.status !== (isWrite ? 201 : 200)) count(failures, `${method} ${path}: ${response.status} ${text}`)
      else if (isWrite) ids.push(JSON.parse(text).id)
    } catch (error) {
      count(failures, `${method} ${path}: ${Object(Object(error).cause).message ?? error}`)
    }
  }

  const timer = setInterval(() => {
    const request = send(sent++ % 4 === 0).finally(() => open.delete(request))
    open.add(request)
  }, 1_000 / PER_SECOND)

  const sentAtLeast = (n: number) => untilTrue(() => sent >= n, { limitMs: 600_000, what: `${n} requests` })
  return {
    sent: () => sent,
    sentAtLeast,
    /** From now on to another server. */
    switchTo: (next: string) => {
      url = next
    },
    stop: async (atLeast: number): Promise<LoadResult> => {
      await sentAtLeast(atLeast)
      clearInterval(timer)
      await Promise.all(open)
      return { requests: sent, failures, written: ids, servedBy }
    },
  }
}
