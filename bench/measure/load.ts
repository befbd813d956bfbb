import { cpuMicrosOf } from './cpu-micros-of.ts'
import { loadWithUndici } from './load-with-undici.ts'
import { hasWrk, loadWithWrk } from './load-with-wrk.ts'
import type { Started } from './prepare-start.ts'
import type { Subject } from './subject.ts'

export interface Answered {
  readonly requests: number
  readonly seconds: number
}

export interface Load {
  readonly requestsPerSecond: number
  /** Of the process under test, for each request. */
  readonly cpuMicros: number
  /** Of one core, by the process under test: well below 1, the load and not the process was the limit. */
  readonly coreShare: number
  readonly requests: number
}

const CONNECTIONS = 64

/** What sends the requests: wrk where there is one, else undici, which costs so much that it may be the limit. */
export const loadGenerator = hasWrk() ? 'wrk' : 'undici'

/** Sends a process as many requests as it answers in this time. */
export async function load({ pid, port }: Started, subject: Subject, seconds: number): Promise<Load> {
  const send = loadGenerator === 'wrk' ? loadWithWrk : loadWithUndici
  const origin = `http://127.0.0.1:${port}`
  const before = await cpuMicrosOf(pid)
  const answered = await send(origin, subject, { connections: CONNECTIONS, seconds })
  const spent = (await cpuMicrosOf(pid)) - before
  return {
    requestsPerSecond: answered.requests / answered.seconds,
    cpuMicros: spent / answered.requests,
    coreShare: spent / 1_000_000 / answered.seconds,
    requests: answered.requests,
  }
}
