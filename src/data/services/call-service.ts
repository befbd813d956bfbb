import type { CallData } from '../../client/call-data.ts'
import { readResponse } from '../../client/read-response.ts'
import { type RawCall, toRequest } from '../../client/to-request.ts'
import { Problem } from '../../contract/index.ts'
import type { BindContext } from '../../kernel/index.ts'
import { readIdentityRefusal, type UpstreamAddress } from '../../protocol/index.ts'
import type { HttpClient } from '../http-client/open-http-client.ts'
import { type HttpMethod, toHttpRequest } from '../http-client/request.ts'
import type { HttpResponse } from '../http-client/response.ts'
import { deadlineExceeded, refusalToProblem, toFailure, toProblem } from './to-problem.ts'

/** What a function keeps of the functions that it calls. */
export interface OpenedServices {
  readonly client: HttpClient
  readonly locate: (name: string) => UpstreamAddress
}

const RETRIES = 2
const MAX_BYTES = 10 * 1024 * 1024

/** A call that says itself what tells it from the others of its request, as a field of a mutation does. */
interface PlacedCall extends RawCall {
  readonly place?: string
}

interface CallOptions extends OpenedServices {
  readonly context: BindContext
}

/**
 * Calls one function for a request. All of the call, with the start of an instance and its retries, takes what is left of that
 * request's time: its caller waits no longer.
 */
export async function callService(callee: CallData, call: PlacedCall, { client, locate, context }: CallOptions) {
  const { name } = callee
  const { delegated, signal, ...correlation } = context
  const token = delegated?.tokenFor(name)
  // The position of a call is counted, whatever becomes of it.
  const idempotencyKey = call.idempotencyKey ?? delegated?.nextKey(name, call.place)
  if (!delegated || token === undefined) throw notVouchedFor(name)
  const leftMs = Math.floor(delegated.leftMs())
  if (leftMs < 1) throw deadlineExceeded(name)
  const { origin, prefix } = locate(name)
  const { correlationId } = correlation
  const written = toRequest(
    callee,
    { ...call, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
    { baseUrl: origin + prefix, key: undefined, correlationId },
  )
  if ('issues' in written) throw new TypeError(`${name} cannot be called so: ${JSON.stringify(written.issues)}`)
  const { method, headers, body } = written.init
  const request = {
    // A contract has one of these methods, and no streams here.
    ...toHttpRequest(method as HttpMethod, written.url, {
      headers: { ...(headers as Record<string, string>), 'ebb-identity': token, 'ebb-timeout-ms': String(leftMs) },
      ...{ json: undefined, body: body as string | undefined, correlation },
    }),
    ...{ service: name, repeatable: callee.reads === true },
  }
  const limits = { timeoutMs: leftMs, retries: RETRIES, redirects: 0, maxBytes: MAX_BYTES, signal }
  const response = await client.send(request, limits).catch((error: unknown) => {
    throw toProblem(error, name, signal)
  })
  const refusal = readIdentityRefusal(response.status, response.headers)
  if (refusal) throw refusalToProblem(refusal, name)
  return readResult(callee, response, { correlationId, isPlaced: call.place !== undefined })
}

interface ReadOptions {
  readonly correlationId: string
  readonly isPlaced: boolean
}

async function readResult(
  callee: CallData,
  { status, headers, bytes }: HttpResponse,
  { correlationId, isPlaced }: ReadOptions,
) {
  const hasBody = ![204, 205, 304].includes(status)
  const received = new Response(hasBody ? new Uint8Array(bytes()) : null, { status, headers })
  const result = await readResponse(callee, received, { correlationId, streamOf: () => undefined })
  return result.ok ? result : toFailure(callee, result, { isPlaced })
}

/** Gateway or relay have other contracts than this function, such as those of a moment ago; or it was called by neither. */
const notVouchedFor = (name: string) =>
  new Problem('unavailable', 503, 'What this request needs cannot be called for it right now.', {
    cause: new Error(`neither gateway nor relay has vouched for the caller towards ${name}`),
    retryAfterSeconds: 1,
  })
