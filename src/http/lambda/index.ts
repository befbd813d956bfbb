import { Agent, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { postJson, type ResultAddress, respondStreamed, respondWhole } from './respond.ts'
import { toRequest } from './to-request.ts'

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
}

/**
 * Takes invocations from the runtime interface of AWS Lambda, one at a time, and has each answered by the server of the
 * function, which does not know of it. Rejects where the interface cannot be reached any more; never resolves otherwise.
 */
export async function pollInvocations({ api, port, streams }: LambdaOptions): Promise<never> {
  const agent = new Agent({ keepAlive: true })
  for (;;) {
    // Waits as long as nothing comes: the platform freezes the process meanwhile.
    const next = await send({ agent, host: api, method: 'GET', target: `/${VERSION}/runtime/invocation/next` })
    if (next.statusCode !== 200) throw new Error(`the runtime interface answered ${next.statusCode}`)
    const id = String(next.headers['lambda-runtime-aws-request-id'])
    const at = `/${VERSION}/runtime/invocation/${id}`
    const result: ResultAddress = { api, agent, path: `${at}/response` }
    const limitMs = Number(next.headers['lambda-runtime-deadline-ms']) - Date.now() - RESERVE_MS
    let asked: ReturnType<typeof toRequest>
    try {
      asked = toRequest(await json(next))
    } catch (error) {
      const type = { 'lambda-runtime-function-error-type': 'Ebb.NoHttpEvent' }
      const problem = { errorType: 'Ebb.NoHttpEvent', errorMessage: (error as Error).message }
      await postJson({ ...result, path: `${at}/error` }, problem, type)
      continue
    }
    const signal = AbortSignal.timeout(Math.max(1, limitMs))
    const response = await send({ agent, host: `127.0.0.1:${port}`, ...asked, signal }).catch(() => undefined)
    const handOver = streams ? respondStreamed : respondWhole
    const isAnswered = response !== undefined && (await handOver(result, response))
    if (!isAnswered) await postJson(result, signal.aborted ? TOO_LATE : NO_RESPONSE)
  }
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
