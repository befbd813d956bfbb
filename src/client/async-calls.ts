import { EVENT_STREAM } from '../contract/streams/reply-stream.ts'
import type { AsyncOptions, Call, Invocation, InvocationState, Result, StreamedEvent } from './call.ts'
import type { CallData } from './call-data.ts'
import { readResponse } from './read-response.ts'
import { sleep } from './retry.ts'
import type { RawCall } from './to-request.ts'

type Send = (contract: CallData, call: RawCall & AsyncOptions) => Promise<Result<Call>>

/** The most that a gateway waits for the end of a call. */
const WAIT_SECONDS = 30
const WAIT_TIMEOUT_MS = 60_000
/** Between two looks, where a gateway does not wait. */
const MIN_INTERVAL_MS = 1_000

const path = '/v1/invocations/{id}'
const gone = { not_found: 404, gone: 410 }
const STATE: CallData = { name: 'invocations.state', method: 'GET', path, replies: [{ status: 200 }], failures: gone }
const EVENTS: CallData = { ...STATE, name: 'invocations.events', replies: [{ status: 200, stream: EVENT_STREAM }] }
const CANCEL: CallData = {
  ...STATE,
  ...{ name: 'invocations.cancel', method: 'DELETE', failures: { ...gone, already_started: 409 } },
}

/** Creates what calls an endpoint without waiting for it. */
export function createAsyncCall(contract: CallData, send: Send) {
  const started: CallData = { ...contract, replies: [...(contract.replies ?? []), { status: 202 }] }
  return async ({ callbackUrl, ...call }: RawCall & AsyncOptions & { readonly callbackUrl?: string } = {}) => {
    const callback = callbackUrl === undefined ? {} : { 'ebb-callback': callbackUrl }
    const headers = { ...call.headers, prefer: 'respond-async', ...callback }
    const result = await send(started, { ...call, headers })
    if (!result.ok) return result
    const isAccepted = result.status === 202 && /\brespond-async\b/.test(result.headers.get('preference-applied') ?? '')
    const id = isAccepted ? result.location?.split('/').at(-1) : undefined
    const { correlationId } = result
    return { ok: true, correlationId, invocation: id ? followCall(contract, id, send) : answeredCall(result) }
  }
}

/** What the store tells of a call. */
type Described = InvocationState & {
  readonly result?: StoredResult
  readonly problem?: { readonly status: number }
}

interface StoredResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: unknown
  readonly bodyLeftOut?: true
}

function followCall(contract: CallData, id: string, send: Send): Invocation<Call> {
  const params = { id }
  async function done(options: AsyncOptions = {}): Promise<Result<Call>> {
    for (;;) {
      const askedAt = performance.now()
      const headers = { prefer: `wait=${WAIT_SECONDS}` }
      const answer = await send(STATE, { timeoutMs: WAIT_TIMEOUT_MS, ...options, params, headers })
      if (!answer.ok) return answer
      // The gateway's own description of a call.
      const described = answer.data as Described
      if (hasEnded(described)) return toResult(contract, described, answer.correlationId)
      const { signal = new AbortController().signal } = options
      await sleep(Math.max(0, MIN_INTERVAL_MS - (performance.now() - askedAt)), signal)
    }
  }
  async function* events(options: AsyncOptions = {}): AsyncGenerator<InvocationState> {
    const answer = await send(EVENTS, { ...options, params })
    if (!answer.ok) throw new Error(answer.message)
    // By the media type that was asked for.
    for await (const { data } of answer.data as AsyncIterable<StreamedEvent<InvocationState>>) {
      yield data
      if (hasEnded(data)) return
    }
  }
  // What it is answered with is what its type says.
  const cancel = ((options = {}) => send(CANCEL, { ...options, params })) as Invocation<Call>['cancel']
  return { id, done, cancel, events }
}

/** One whose key had its answer already. */
const answeredCall = (result: Result<Call>): Invocation<Call> => ({
  id: undefined,
  done: async () => result,
  cancel: async () => ({
    ...{ ok: false, error: 'already_started', status: 409, details: [], correlationId: result.correlationId },
    message: 'The call has ended.',
  }),
  events: async function* () {},
})

const hasEnded = ({ state }: InvocationState) => state !== 'waiting' && state !== 'running'

/** The result as the call itself would have had it. */
async function toResult(
  contract: CallData,
  { state, result, problem }: Described,
  correlationId: string,
): Promise<Result<Call>> {
  const failed = { ok: false, details: [], correlationId } as const
  if (state === 'cancelled')
    return { ...failed, error: 'call_cancelled', status: 409, message: 'The call was cancelled before it began.' }
  if (result?.bodyLeftOut)
    return {
      ...{ ...failed, error: 'unexpected_answer', status: result.status },
      message: 'The call is done; its response was too large to keep.',
    }
  const response = problem
    ? new Response(JSON.stringify(problem), { status: problem.status })
    : new Response(result?.body === undefined ? null : JSON.stringify(result.body), {
        status: result?.status ?? 200,
        headers: Object.entries(result?.headers ?? {}).flatMap(([name, values]) =>
          [values].flat().map((value): [string, string] => [name, value]),
        ),
      })
  return readResponse(contract, response, { correlationId, streamOf: () => undefined })
}
