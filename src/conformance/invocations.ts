import { deepEqual, equal, match } from 'node:assert/strict'
import { assertRetryAfter, assertStatus, type ProblemBody } from './assertions.ts'
import type { ConformanceResponse } from './client.ts'
import type { Caller, Session } from './session.ts'

/** The state of an asynchronous call, as its address tells it. */
export interface Invocation {
  readonly id: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly attempts: number
  readonly result?: { readonly status: number; readonly headers: Record<string, string>; readonly body: unknown }
  readonly problem?: ProblemBody
}

/** The headers of a call that is not waited for. */
export const ASYNC = { prefer: 'respond-async' }

/** The address of the state of a call that was accepted. */
export function stateAt(answer: ConformanceResponse): string {
  assertStatus(answer, 202)
  const { location = '' } = answer.headers
  match(location, /^\/v1\/invocations\/[0-9a-f-]{36}$/)
  const { state, location: shown } = answer.json<{ state: string; location: string }>()
  deepEqual([state, shown], ['waiting', location])
  return location
}

/** The state of a call that its caller may see. */
export async function stateOf({ send }: Caller, path: string): Promise<Invocation> {
  const answer = await send({ path })
  assertStatus(answer, 200)
  equal(answer.headers['cache-control'], 'private, no-store')
  const invocation = answer.json<Invocation>()
  if (invocation.state === 'waiting' || invocation.state === 'running') assertRetryAfter(answer)
  return invocation
}

/** Waits until a call has ended. */
export async function untilFinal(caller: Caller, path: string, until: Session['until']): Promise<Invocation> {
  let last = await stateOf(caller, path)
  const isFinal = async () => {
    last = await stateOf(caller, path)
    return last.state !== 'waiting' && last.state !== 'running'
  }
  await until(isFinal, 'the end of a call that is not waited for')
  return last
}
