import { randomUUID } from 'node:crypto'
import { type Caller, newCaller } from './callers.ts'
import type { Context } from './context.ts'

const CALLERS = 60
export const PER_SECOND = 30

export const newCallers = (context: Context): Promise<readonly Caller[]> =>
  Promise.all(Array.from({ length: CALLERS }, () => newCaller(context)))

interface Failure {
  readonly variant: string | null
  readonly status: number
  readonly text: string
  readonly at: number
}

/** Reads an entry that would be the caller's. */
export const readOnce = (caller: Caller) =>
  caller.call('GET', `/v1/conformance/entries/${randomUUID()}.${Buffer.from(caller.subject).toString('base64url')}`)

/** Reads of all callers in turn, at a steady rate. */
export function startReads(callers: readonly Caller[]) {
  const failures: Failure[] = []
  const open = new Set<Promise<void>>()
  let [sent, lastCanaryAt] = [0, 0]
  const send = async (caller: Caller) => {
    const at = Date.now()
    try {
      const response = await readOnce(caller)
      const text = await response.text()
      const variant = response.headers.get('ebb-variant')
      if (variant === 'canary') lastCanaryAt = Math.max(lastCanaryAt, at)
      if (response.status !== 200) failures.push({ variant, status: response.status, text, at })
    } catch (error) {
      failures.push({ variant: null, status: 0, text: String(error), at })
    }
  }
  const timer = setInterval(() => {
    const request = send(callers[sent++ % callers.length] as Caller).finally(() => open.delete(request))
    open.add(request)
  }, 1_000 / PER_SECOND)
  const atLeast = async (count: number) => {
    while (sent < count) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    atLeast,
    sent: () => sent,
    lastCanaryAt: () => lastCanaryAt,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(open)
      return { sent, failures }
    },
  }
}
