import { type Caller, newBatch, newCaller, writeEntry } from './callers.ts'
import type { Context } from './context.ts'

interface MixOptions {
  readonly requests: number
  readonly perSecond: number
}

const CALLERS = 10
const LINE = `${JSON.stringify({ batch: 'TAKEN', quantity: 1 })}\n`

/**
 * Requests of many kinds at a steady rate: for functions, for what they call and emit, and some that need no function. What is
 * refused is not sent again; `answered` are those that a gateway has seen.
 */
export async function sendMixed(context: Context, { requests, perSecond }: MixOptions) {
  const callers = await Promise.all(Array.from({ length: CALLERS }, () => newCaller(context)))
  const batch = newBatch()
  const kinds: readonly ((caller: Caller) => Promise<Response>)[] = [
    ({ call }) => call('GET', '/v1/conformance/batches?limit=5'),
    ({ call }) => call('GET', `/v1/conformance/batches/${batch}`),
    ({ call }) => call('GET', '/v1/conformance/batches?limit=none'),
    (caller) => writeEntry(caller, batch),
    ({ call }) => call('POST', '/v1/conformance/calls', { body: { afterMs: 0, refuse: false } }),
    ({ call }) => call('POST', '/v1/conformance/entries', { body: { batch } }),
    (caller) => writeEntry(caller, batch, { headers: { prefer: 'respond-async' } }),
    ({ call }) =>
      call('POST', '/v1/conformance/lines', { text: LINE, headers: { 'content-type': 'application/x-ndjson' } }),
    ({ call }) => call('GET', '/v1/conformance/nothing'),
    ({ call }) => call('POST', '/v1/conformance/uploads', { text: LINE, headers: { 'content-type': 'text/plain' } }),
  ]
  const statuses = new Map<number, number>()
  const send = async (nth: number) => {
    const kind = kinds[nth % kinds.length] as (typeof kinds)[number]
    // Each kind by each caller.
    const caller = callers[Math.floor(nth / kinds.length) % CALLERS] as Caller
    const response = await kind(caller)
    await response.arrayBuffer()
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
  }
  const beganAt = performance.now()
  const open = new Set<Promise<unknown>>()
  for (let sent = 0; sent < requests; sent++) {
    const waitMs = beganAt + (sent * 1_000) / perSecond - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    const one: Promise<unknown> = send(sent)
      .catch(() => {})
      .finally(() => open.delete(one))
    open.add(one)
  }
  await Promise.all(open)
  const answered = [...statuses.values()].reduce((sum, count) => sum + count, 0)
  const seconds = Math.round((performance.now() - beganAt) / 1_000)
  const each = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`)
  return { answered, figures: `${requests} requests in ${seconds} s: ${each.join(', ')}` }
}
