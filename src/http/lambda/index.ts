import { Agent, type IncomingMessage, request } from 'node:http'
import { json, text } from 'node:stream/consumers'
import { type BroughtEvents, readEvents } from './read-events.ts'
import { postError, postResult, type ResultAddress, respondStreamed, respondWhole } from './respond.ts'
import { type EventOptions, takeEvents } from './take-events.ts'
import { isHttpEvent, type LoopbackRequest, NO_HTTP_EVENT, toRequest } from './to-request.ts'

/** What is left of an invocation's time when a response that is not there yet is given up: enough to say so. */
const RESERVE_MS = 200
const VERSION = '2018-06-01'

export interface LambdaOptions {
  /** Host and port of the runtime interface, as `AWS_LAMBDA_RUNTIME_API` has them. */
  readonly api: string
  /** Where the function listens, on loopback. */
  readonly port: number
  /** Whether responses are handed over as they are made, for a function URL with `InvokeMode: RESPONSE_STREAM`. */
  readonly streams: boolean
  /** For a subscriber that takes events of SQS and EventBridge; default: they are refused. */
  readonly events?: EventOptions | undefined
}

/**
 * Takes what comes from the runtime interface of AWS Lambda, one after the other, each answered by the server of the
 * function, which does not know of it. Rejects where the interface cannot be reached any more; never resolves otherwise.
 */
export async function pollInvocations({ api, port, streams, events }: LambdaOptions): Promise<never> {
  const agent = new Agent({ keepAlive: true })
  // No connection to the function outlives its invocation: the platform freezes the process in between, and its first act after an
  // hour would be to close what was kept for too long, with the next request on it.
  const toFunction = new Agent({ keepAlive: false })
  for (;;) {
    // Waits as long as nothing comes: the platform freezes the process meanwhile.
    const next = await send({ agent, host: api, method: 'GET', target: `/${VERSION}/runtime/invocation/next` })
    if (next.statusCode !== 200) throw new Error(`the runtime interface answered ${next.statusCode}`)
    const id = String(next.headers['lambda-runtime-aws-request-id'])
    const result: ResultAddress = { api, agent, path: `/${VERSION}/runtime/invocation/${id}` }
    const limitMs = Number(next.headers['lambda-runtime-deadline-ms']) - Date.now() - RESERVE_MS
    const signal = AbortSignal.timeout(Math.max(1, limitMs))
    const ask = (request: LoopbackRequest) => send({ agent: toFunction, host: `127.0.0.1:${port}`, ...request, signal })
    const payload: unknown = await json(next).catch(() => undefined)
    const brought = events && readEvents(payload)
    if (brought) await answerEvents(result, brought, { events, ask, limitMs })
    else await answerHttp(result, payload, { streams, ask, signal })
  }
}

type Ask = (request: LoopbackRequest) => Promise<IncomingMessage>

interface HttpOptions {
  readonly streams: boolean
  readonly ask: Ask
  readonly signal: AbortSignal
}

async function answerHttp(
  result: ResultAddress,
  payload: unknown,
  { streams, ask, signal }: HttpOptions,
): Promise<void> {
  if (!isHttpEvent(payload)) return postError(result, 'Ebb.NoHttpEvent', NO_HTTP_EVENT)
  const response = await ask(toRequest(payload)).catch(() => undefined)
  const handOver = streams ? respondStreamed : respondWhole
  const isAnswered = response !== undefined && (await handOver(result, response))
  if (!isAnswered) await postResult(result, signal.aborted ? TOO_LATE : NO_RESPONSE)
}

interface TakeOptions {
  readonly events: EventOptions
  readonly ask: Ask
  readonly limitMs: number
}

/** Messages that were not taken are named to SQS; an event of EventBridge that was not taken is a failed invocation. */
async function answerEvents(
  result: ResultAddress,
  brought: BroughtEvents,
  { events, ask, limitMs }: TakeOptions,
): Promise<void> {
  const endsAt = performance.now() + limitMs
  const failed = await takeEvents(brought, events, async (headers, body) => {
    const leftMs = Math.max(1, Math.round(endsAt - performance.now()))
    const bytes = Buffer.from(body)
    const response = await ask({
      ...{ method: 'POST', target: '/', body: bytes },
      headers: { ...headers, 'content-length': bytes.length, 'ebb-timeout-ms': leftMs },
    })
    return { status: response.statusCode ?? 0, text: await text(response) }
  })
  if (brought.by === 'sqs')
    return postResult(result, { batchItemFailures: failed.map(({ event }) => ({ itemIdentifier: event.id })) })
  const [first] = failed
  return first ? postError(result, 'Ebb.EventNotTaken', first.message) : postResult(result, {})
}

interface Sent {
  readonly agent: Agent
  readonly host: string
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: Buffer | undefined
  readonly signal?: AbortSignal
}

function send({ agent, host, method, target, headers, body, signal }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const [hostname = '', port] = host.split(':')
    // The headers may name another host: that of the function URL.
    const options = {
      agent,
      hostname,
      port: port ?? 80,
      method,
      path: target,
      headers: headers as Record<string, string>,
    }
    request({ ...options, ...(signal ? { signal } : {}) }, resolve)
      .on('error', reject)
      .end(body)
  })
}

/** A response of the platform's, in place of the function's (RFC 9457). */
const problem = (status: number, title: string, error: string, message: string) => ({
  statusCode: status,
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify({ type: 'about:blank', title, status, error, message }),
  isBase64Encoded: false,
})
const TOO_LATE = problem(504, 'Gateway Timeout', 'deadline_exceeded', 'The time of the invocation is over.')
const NO_RESPONSE = problem(502, 'Bad Gateway', 'bad_gateway', 'The function ended without a response.')
