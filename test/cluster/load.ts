import type { Caller } from './callers.ts'
import { newBatch, newCaller, writeEntry } from './callers.ts'
import type { Context } from './context.ts'

export interface Load {
  /** Ends it, once at least so many requests were made, and returns their figures. */
  readonly stop: (atLeast?: number) => Promise<LoadResult>
}

export interface LoadResult {
  readonly requests: number
  /** What was not answered as it should be, and how often. */
  readonly failures: ReadonlyMap<string, number>
  /** Refused with 503 and Retry-After, where a part of the machine was taken away on purpose. */
  readonly shed: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

const CALLERS = 4
const REQUEST_MS = 60_000

/** Callers at a steady rate, one write to three reads. What is refused is not tried again. */
export async function startLoad(context: Context, { perSecond = 40 } = {}): Promise<Load> {
  const callers = await Promise.all(Array.from({ length: CALLERS }, () => newCaller(context)))
  const batch = newBatch()
  const failures = new Map<string, number>()
  const times: number[] = []
  const open = new Set<Promise<void>>()
  const fail = (why: string) => failures.set(why, (failures.get(why) ?? 0) + 1)
  let [sent, shed] = [0, 0]

  async function send(caller: Caller, writes: boolean) {
    const beganAt = performance.now()
    const at = new Date().toISOString().slice(11, 19)
    try {
      const response = writes
        ? await writeEntry(caller, batch, { limitMs: REQUEST_MS })
        : await caller.call('GET', '/v1/conformance/batches?limit=5', { limitMs: REQUEST_MS })
      const text = await response.text()
      if (context.options.busy > 0 && response.status === 503 && response.headers.has('retry-after')) shed++
      else if (response.status !== (writes ? 201 : 200))
        fail(`${writes ? 'POST' : 'GET'} ${response.status} ${text.slice(0, 160)} at ${at}`)
    } catch (error) {
      fail(`${writes ? 'POST' : 'GET'} ${wordsOf(error)} at ${at}`)
    }
    times.push(performance.now() - beganAt)
  }

  const timer = setInterval(() => {
    const caller = callers[sent % CALLERS] as Caller
    const request = send(caller, sent++ % 4 === 0).finally(() => open.delete(request))
    open.add(request)
  }, 1_000 / perSecond)

  return {
    stop: async (atLeast = 0) => {
      while (sent < atLeast) await new Promise((resolve) => setTimeout(resolve, 100))
      clearInterval(timer)
      await Promise.all(open)
      times.sort((a, b) => a - b)
      const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)
      return { requests: sent, failures, shed, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
    },
  }
}

/** Its figures; throws where one failed. */
export function figuresOf({ requests, failures, shed, p50Ms, p99Ms, maxMs }: LoadResult): string {
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  const left = shed > 0 ? `, ${shed} were shed with Retry-After` : ''
  const figures = `${failed} of ${requests} requests failed${left}, p50 ${p50Ms} ms, p99 ${p99Ms} ms, worst ${maxMs} ms`
  if (failed === 0) return figures
  const most = [...failures].slice(0, 6).map(([why, count]) => `${count} × ${why}`)
  throw new Error(`${figures}: ${most.join('; ')}`)
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message
}
