import type { Dispatcher } from 'undici'
import { type Authorizer, createJudgementSchema, type Judgement, Problem } from '../../../contract/index.ts'
import {
  createRefusalLog,
  GATEWAY_IDENTITY,
  type JudgementRequest,
  readAtMost,
  readIdentityRefusal,
} from '../../../protocol/index.ts'
import { oncePerSecond } from '../../throttle-log.ts'
import type { AskAuthorizer } from '../credentials.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { createFunctionLimits } from '../function-limits.ts'

const MAX_JUDGEMENT_BYTES = 64 * 1024

/**
 * Asks the function of an authorizer, which starts for it where it does not run. Whatever keeps it from answering, or is not
 * its answer, is a Problem 503: nobody passes, and nothing of it is kept.
 */
export function createAuthorizerCaller({
  sign,
  upstream,
  log,
}: Pick<GatewayDependencies, 'sign' | 'upstream' | 'log'>): AskAuthorizer {
  const { acquire } = createFunctionLimits()
  const schema = createJudgementSchema()
  const logRefusal = createRefusalLog(log)
  const report = oncePerSecond((times: number, fields: object) =>
    log.error({ ...fields, times }, 'an authorizer does not say who calls; its callers get a 503'),
  )
  // A judge may record what it has seen, so that a question must not be asked twice: a kept connection could have broken.
  const { locate, startTimeoutMs, dispatcher: kept, retryDispatcher: dispatcher = kept } = upstream

  async function post({ name, timeoutMs }: Authorizer, body: string, { fresh, ...correlation }: PostOptions) {
    const waitMs = timeoutMs + startTimeoutMs
    const identity = await sign(GATEWAY_IDENTITY, name, { waitMs, fresh })
    const { origin, prefix } = locate(name)
    const response = await dispatcher.request({
      ...{ origin, path: `${prefix}/`, method: 'POST', body },
      headers: {
        ...{ 'content-type': 'application/json', 'ebb-identity': identity, 'ebb-timeout-ms': String(timeoutMs) },
        ...{ 'x-correlation-id': correlation.correlationId, traceparent: correlation.traceparent },
      },
      // The signal limits all of it, the wait for a connection included.
      ...{ headersTimeout: 0, bodyTimeout: waitMs, signal: AbortSignal.timeout(waitMs) },
    })
    const { bytes, isWhole } = await readAtMost(response.body, MAX_JUDGEMENT_BYTES)
    return {
      status: response.statusCode,
      headers: response.headers,
      text: isWhole ? Buffer.from(bytes).toString() : '',
    }
  }

  async function ask(authorizer: Authorizer, question: JudgementRequest, correlation: Correlation) {
    const body = JSON.stringify(question)
    const answer = await post(authorizer, body, { ...correlation, fresh: false })
    const refusal = readIdentityRefusal(answer.status, answer.headers)
    if (!refusal) return answer
    logRefusal(authorizer.name, refusal)
    return post(authorizer, body, { ...correlation, fresh: true })
  }

  return async function askAuthorizer(authorizer, question, correlation) {
    const slot = acquire(authorizer)
    if (!slot) throw unavailable(new Error(`${authorizer.name} has as many questions as it takes`))
    const startedAt = performance.now()
    const answer = await ask(authorizer, question, correlation).catch((cause: unknown) => {
      slot.release()
      report({ err: cause, function: authorizer.name, correlationId: correlation.correlationId })
      throw unavailable(cause)
    })
    const call = callOf(answer.headers)
    const overloaded = answer.status === 503 || answer.status === 504
    slot.release({ overloaded, durationMs: performance.now() - startedAt, cold: call.cold })
    try {
      return { judgement: readJudgement(answer, schema), call }
    } catch (cause) {
      report({ err: cause, function: authorizer.name, correlationId: correlation.correlationId })
      throw unavailable(cause)
    }
  }
}

type Correlation = Parameters<AskAuthorizer>[2]
type PostOptions = Correlation & { readonly fresh: boolean }
type Headers = Dispatcher.ResponseData['headers']

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const callOf = (headers: Headers) => ({
  cold: headers['ebb-cold'] !== undefined && headers['ebb-cold'] !== 'false',
  revision: headers['ebb-revision']?.toString(),
})

/** Throws where it is not the answer of the function itself: a proxy in its place lets nobody in. */
function readJudgement({ status, headers, text }: Answer, schema: ReturnType<typeof createJudgementSchema>): Judgement {
  if (status !== 200 || headers['ebb-revision'] === undefined)
    throw new Error(
      `it answered ${status}${headers['ebb-revision'] === undefined ? ', by something in its place' : ''}`,
    )
  // The schema's optional members may be undefined, which JSON has not.
  return schema.parse(JSON.parse(text)) as Judgement
}

const unavailable = (cause: unknown) =>
  new Problem('unavailable', 503, 'It cannot be checked now who calls; retry later.', { cause, retryAfterSeconds: 2 })
