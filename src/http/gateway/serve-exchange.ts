import { Problem } from '../../contract/index.ts'
import { traceIdOf } from '../../kernel/index.ts'
import type { Exchange } from './exchange.ts'
import { isOwn } from './own-route.ts'
import { type Answer, pipeline, type Step } from './pipeline.ts'
import type { GatewayLimits, GatewayPorts } from './ports.ts'
import { send } from './send.ts'

/** Takes an exchange through the pipeline, and writes down how it ended: one log line, and the metrics. */
export function exchangeServer(ports: GatewayPorts, limits: GatewayLimits) {
  const { beforeTheFunction, forward } = pipeline(ports, limits)

  async function attempt(step: Step, exchange: Exchange): Promise<Answer | undefined> {
    try {
      exchange.signal.throwIfAborted()
      return await step(exchange)
    } catch (fault) {
      if (fault instanceof Problem) return fault
      const { correlationId } = exchange
      ports.log.error({ err: fault, correlationId }, `${step.name} failed`)
      return new Problem('internal', 500, 'Something went wrong on our side.', { cause: fault })
    }
  }

  async function answerTo(exchange: Exchange): Promise<Answer | undefined> {
    for (const step of beforeTheFunction) {
      const answer = await attempt(step, exchange)
      if (!answer) continue
      exchange.spared = answer instanceof Problem ? answer.code : answer.spared
      return answer
    }
    return attempt(forward, exchange)
  }

  return async function serve(exchange: Exchange) {
    exchange.response.once('close', () => record(exchange, ports))
    const answer = await answerTo(exchange)
    if (answer) await send(exchange, answer, limits)
  }
}

function record(exchange: Exchange, { log, metrics }: GatewayPorts) {
  const { request, response, route, spared, beganAt, correlationId, traceparent, path, caller, cold, bytes } = exchange
  const client = exchange.client.address
  const durationMs = performance.now() - beganAt
  // 499 is nginx's word for a caller who did not wait.
  const status = response.headersSent ? response.statusCode : 499
  const method = request.method ?? ''
  if (spared && response.headersSent) metrics.spared(spared)
  const called = exchange.called ? route?.name : undefined
  const measured = { route: route?.path ?? 'none', method, status, seconds: durationMs / 1_000 }
  metrics.answered({ ...measured, called, cold, revision: exchange.revision })
  const name = isOwn(route) ? undefined : route?.name
  const who = { function: name, route: route?.path, method, path, status, durationMs: Math.round(durationMs) }
  const rest = {
    correlationId,
    traceId: traceIdOf(traceparent),
    caller: caller.sub,
    client,
    cold,
    reason: spared,
    bytes,
  }
  // Whoever asks every few seconds whether we are well is news when we are not.
  const level = PROBE.test(path) && status < 400 ? 'debug' : 'info'
  log[level]({ ...who, ...rest }, 'request')
}

const PROBE = /^\/_\/(health|ready)$/
