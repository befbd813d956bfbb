import { Problem } from '../../contract/index.ts'
import { createAuthorizerCaller } from './authorizers/ask-authorizer.ts'
import { createCallerJudge } from './authorizers/judge-callers.ts'
import type { GatewayContext, Outcome, Step } from './context.ts'
import type { GatewayDependencies, GatewayLimits } from './dependencies.ts'
import { toGraphqlOutcome } from './graphql/write-outcome.ts'
import type { EndpointCalls } from './mcp/call-tool.ts'
import { withPosition } from './positions.ts'
import { recordRequest } from './record-request.ts'
import { sendReply } from './send-reply.ts'
import { admit } from './steps/admit.ts'
import { authenticate, authorise } from './steps/authenticate.ts'
import { cache } from './steps/cache.ts'
import { cors, preflight } from './steps/cors.ts'
import { countUsage } from './steps/count-usage.ts'
import { forward } from './steps/forward.ts'
import { checkOperation, readOperation } from './steps/graphql.ts'
import { invocationState, ownInvocations } from './steps/invocations.ts'
import { judge } from './steps/judge.ts'
import { knownHost } from './steps/known-host.ts'
import { limitAddress, limitConnections } from './steps/limits.ts'
import { mcp } from './steps/mcp.ts'
import { normalise } from './steps/normalise.ts'
import { ownKeys, requireLogin } from './steps/own-keys.ts'
import { ownWebhooks } from './steps/own-webhooks.ts'
import { docs, platformRoutes } from './steps/platform-routes.ts'
import { receiveWebhook } from './steps/receive-webhook.ts'
import { replay } from './steps/replay.ts'
import { respondAsync } from './steps/respond-async.ts'
import { route } from './steps/route.ts'
import { requireHttps } from './steps/secure-transport.ts'
import { securityHeaders } from './steps/security-headers.ts'
import { shedLoad } from './steps/shed-load.ts'
import { subscribe } from './steps/subscribe.ts'
import { createBodyBudget, takeBody } from './steps/take-body.ts'
import { upgrade } from './steps/upgrade.ts'
import { validate } from './steps/validate.ts'
import { chooseVariant } from './steps/variant.ts'
import { createUpstreamCaller } from './upstream/call-guarded.ts'

/** The whole request path, top to bottom. A request that ends above `forward` invokes no function. */
function createSteps(dependencies: GatewayDependencies, limits: GatewayLimits, calls: Omit<EndpointCalls, 'bodies'>) {
  const bodies = createBodyBudget({ maxBytes: limits.maxBufferedBytes, shed: dependencies.metrics.shed })
  const readBody = takeBody(bodies, limits)
  const askAuthorizer = dependencies.askAuthorizer ?? createAuthorizerCaller(dependencies)
  const judgeCaller = createCallerJudge(askAuthorizer, dependencies.metrics)
  /** What a request to an endpoint goes through once its caller is known, whether it came by itself or as a tool call. */
  const ofEndpoint: readonly Step[] = [
    authorise(),
    admit(dependencies),
    readBody,
    receiveWebhook(dependencies),
    readOperation(),
    validate(),
    checkOperation(dependencies),
    countUsage(dependencies),
    subscribe(dependencies),
    ownKeys(dependencies),
    ownInvocations(dependencies),
    ownWebhooks(dependencies),
    replay(dependencies),
    respondAsync(dependencies),
    chooseVariant(dependencies),
  ]
  const shed = dependencies.load ? [shedLoad({ load: dependencies.load, metrics: dependencies.metrics })] : []
  const beforeFunction: readonly Step[] = [
    ...(dependencies.securityHeaders ? [securityHeaders(dependencies.securityHeaders)] : []),
    cors(dependencies),
    normalise(),
    ...(dependencies.hosts ? [knownHost(dependencies.hosts)] : []),
    ...(dependencies.requireHttps ? [requireHttps(dependencies.requireHttps)] : []),
    platformRoutes(dependencies),
    limitConnections(dependencies),
    ...(dependencies.limitAddress ? [limitAddress(dependencies)] : []),
    docs(dependencies),
    route(dependencies),
    preflight(),
    upgrade(),
    ...shed,
    authenticate(dependencies, judge({ judgeCaller, takeBody: readBody })),
    mcp(dependencies, { ...calls, bodies, takeBody: readBody }),
    invocationState(dependencies),
    requireLogin(),
    ...ofEndpoint,
  ]
  const call = createUpstreamCaller(dependencies)
  const next = forward(call, dependencies)
  const cached = dependencies.cache ? [cache(dependencies, dependencies.cache, { next, call })] : []
  return {
    beforeFunction,
    ofToolCall: [...shed, ...ofEndpoint],
    forward: cached[0] ?? next,
    /** In their order, for whoever asks what they would do. */
    explained: [...beforeFunction, ...cached, next],
  }
}

/** Runs a request through the steps, and records its end: one log line, and the metrics. */
export function createPipeline(dependencies: GatewayDependencies, limits: GatewayLimits) {
  const { beforeFunction, ofToolCall, forward, explained } = createSteps(dependencies, limits, {
    run: (context) => run(ofToolCall, context),
    record: (context, status) => recordRequest(context, status, dependencies),
  })

  const toOutcome = (error: unknown, step: Step, { correlationId }: GatewayContext): Problem => {
    if (error instanceof Problem) return error
    dependencies.log.error({ err: error, correlationId }, `${step.name} failed`)
    return new Problem('internal', 500, 'Something went wrong on our side.', { cause: error })
  }

  function attempt(step: Step, context: GatewayContext): Outcome | undefined | Promise<Outcome | undefined> {
    try {
      if (context.signal.aborted) throw context.signal.reason
      const outcome = step(context)
      return outcome instanceof Promise ? outcome.catch((error) => toOutcome(error, step, context)) : outcome
    } catch (error) {
      return toOutcome(error, step, context)
    }
  }

  async function run(steps: readonly Step[], context: GatewayContext): Promise<Outcome | undefined> {
    for (const step of steps) {
      const attempted = attempt(step, context)
      // Most steps decide at once: a turn of the microtask queue for each would be the larger part of a request.
      const outcome = attempted instanceof Promise ? await attempted : attempted
      if (!outcome) continue
      context.shortCircuitReason = outcome instanceof Problem ? outcome.code : outcome.shortCircuitReason
      return outcome
    }
    const outcome = await attempt(forward, context)
    if (outcome && !context.invoked)
      context.shortCircuitReason ??= outcome instanceof Problem ? outcome.code : outcome.shortCircuitReason
    return outcome
  }

  async function handle(context: GatewayContext) {
    const { response } = context
    // 499 is nginx's status for a caller that did not wait.
    response.once('close', () => recordRequest(context, response.headersSent ? response.statusCode : 499, dependencies))
    const outcome = await run(beforeFunction, context)
    if (outcome) await sendReply(context, withPosition(context, toGraphqlOutcome(context, outcome)), limits)
  }
  return { handle, steps: explained }
}
