import { Problem } from '../../contract/index.ts'
import { traceIdOf } from '../../kernel/index.ts'
import type { GatewayContext } from './context.ts'
import type { GatewayDependencies, GatewayLimits } from './dependencies.ts'
import { sendReply } from './send-reply.ts'
import { authenticate, authorise } from './steps/authenticate.ts'
import { cors, preflight } from './steps/cors.ts'
import { forward } from './steps/forward.ts'
import { invocationState, isPlatformRoute, respondAsync } from './steps/invocations.ts'
import { knownHost } from './steps/known-host.ts'
import { limitConnections, rateLimit } from './steps/limits.ts'
import { normalise } from './steps/normalise.ts'
import { docs, platformRoutes } from './steps/platform-routes.ts'
import { replay } from './steps/replay.ts'
import { route } from './steps/route.ts'
import { createBodyBudget, takeBody } from './steps/take-body.ts'
import { validate } from './steps/validate.ts'

/** An answer of the gateway's own; a Problem is one too. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
  /** What kept a function asleep, where one would have been invoked; a Problem's is its code. */
  readonly shortCircuitReason?: string
}

export type Outcome = Problem | Reply

/** Answers and thereby ends the request, or lets it go on. A thrown Problem is an answer as well. */
export type Step = (exchange: GatewayContext) => Outcome | undefined | Promise<Outcome | undefined>

/** The whole way of a request, top to bottom. Whatever answers above `forward` has spared a function. */
function createSteps(ports: GatewayDependencies, limits: GatewayLimits) {
  const bodies = createBodyBudget({ maxBytes: limits.maxBufferedBytes, shed: ports.metrics.shed })
  const beforeFunction: readonly Step[] = [
    cors(ports),
    normalise(),
    ...(ports.hosts ? [knownHost(ports.hosts)] : []),
    platformRoutes(ports),
    limitConnections(ports),
    docs(ports),
    route(ports),
    preflight(),
    // rough limit by IP
    authenticate(ports),
    invocationState(ports),
    authorise(),
    rateLimit(ports),
    // quota
    takeBody(bodies, limits),
    validate(),
    replay(ports),
    respondAsync(ports),
    // cache and coalescing; circuit breaker
  ]
  return { beforeFunction, forward: forward(ports, limits) satisfies Step }
}

/** Takes an exchange through the pipeline, and writes down how it ended: one log line, and the metrics. */
export function createPipeline(ports: GatewayDependencies, limits: GatewayLimits) {
  const { beforeFunction, forward } = createSteps(ports, limits)

  async function attempt(step: Step, exchange: GatewayContext): Promise<Outcome | undefined> {
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

  async function answerTo(exchange: GatewayContext): Promise<Outcome | undefined> {
    for (const step of beforeFunction) {
      const answer = await attempt(step, exchange)
      if (!answer) continue
      exchange.shortCircuitReason = answer instanceof Problem ? answer.code : answer.shortCircuitReason
      return answer
    }
    return attempt(forward, exchange)
  }

  return async function serve(exchange: GatewayContext) {
    exchange.response.once('close', () => recordRequest(exchange, ports))
    const answer = await answerTo(exchange)
    if (answer) await sendReply(exchange, answer, limits)
  }
}

function recordRequest(exchange: GatewayContext, { log, metrics }: GatewayDependencies) {
  const {
    request,
    response,
    route,
    shortCircuitReason,
    startedAt,
    correlationId,
    traceparent,
    path,
    caller,
    cold,
    bytes,
  } = exchange
  const client = exchange.client.address
  const durationMs = performance.now() - startedAt
  // 499 is nginx's word for a caller who did not wait.
  const status = response.headersSent ? response.statusCode : 499
  const method = request.method ?? ''
  if (shortCircuitReason && response.headersSent) metrics.shortCircuited(shortCircuitReason)
  const invoked = exchange.invoked ? route?.name : undefined
  const measured = { route: route?.path ?? 'none', method, status, seconds: durationMs / 1_000 }
  metrics.completed({ ...measured, invoked, cold, revision: exchange.revision })
  const name = isPlatformRoute(route) ? undefined : route?.name
  const who = { function: name, route: route?.path, method, path, status, durationMs: Math.round(durationMs) }
  const rest = {
    correlationId,
    traceId: traceIdOf(traceparent),
    caller: caller.sub,
    client,
    cold,
    reason: shortCircuitReason,
    bytes,
  }
  // Whoever asks every few seconds whether we are well is news when we are not.
  const level = PROBE_PATH.test(path) && status < 400 ? 'debug' : 'info'
  log[level]({ ...who, ...rest }, 'request')
}

const PROBE_PATH = /^\/_\/(health|ready)$/
