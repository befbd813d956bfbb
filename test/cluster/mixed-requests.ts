import { type Caller, newBatch, newCaller, writeEntry } from './callers.ts'
import type { Context } from './context.ts'

interface MixOptions {
  readonly requests: number
  readonly perSecond: number
}

const CALLERS = 10
const LINE = `${JSON.stringify({ batch: 'TAKEN', quantity: 1 })}\n`

/** Requests of many kinds at a steady rate: for functions, for what they call and emit, and some that need no function. Throws where one failed. */
export async function sendMixed(context: Context, { requests, perSecond }: MixOptions): Promise<string> {
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
  const failures: string[] = []
  const send = async (nth: number) => {
    const kind = kinds[nth % kinds.length] as (typeof kinds)[number]
    // Each kind by each caller.
    const caller = callers[Math.floor(nth / kinds.length) % CALLERS] as Caller
    const response = await kind(caller)
    const text = await response.text()
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    if (response.status >= 500 || response.status === 429) failures.push(`${nth % kinds.length}: ${text.slice(0, 200)}`)
  }
  const beganAt = performance.now()
  const open = new Set<Promise<unknown>>()
  for (let sent = 0; sent < requests; sent++) {
    const waitMs = beganAt + (sent * 1_000) / perSecond - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    const one: Promise<unknown> = send(sent)
      .catch((error: Error) => failures.push(error.message))
      .finally(() => open.delete(one))
    open.add(one)
  }
  await Promise.all(open)
  const figures = `${requests} requests in ${Math.round((performance.now() - beganAt) / 1_000)} s (${[...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ')})`
  if (failures.length > 0) throw new Error(`${figures}; ${failures.length} failed, such as ${failures[0]}`)
  return figures
}
