import { type GraphqlLimits, Problem } from '../../../contract/index.ts'
import { isRefusal, type OperationRequest, type PrepareOperation } from '../../graphql/prepared-operation.ts'
import { parseJson } from '../../json.ts'
import { parseQuery } from '../../query.ts'
import { invalidRequest } from '../../request-problems.ts'
import { acceptsEvents } from '../accepts-events.ts'
import { type GatewayContext, type Outcome, type Reply, routeOf, type Step } from '../context.ts'
import type { GatewayDependencies } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'
import { createGraphqlSink } from '../graphql/graphql-sink.ts'
import { hasStatus, mediaTypeFor } from '../graphql/media-type.ts'
import { writeProblem } from '../graphql/write-outcome.ts'
import { createClientSink } from '../upstream/client-sink.ts'
import { findKeyIssues } from './validate.ts'

/**
 * Makes of a GET to a GraphQL endpoint the POST that asks for the same (GraphQL over HTTP, 5.2): that is what functions get. Does
 * nothing at any other route.
 */
export function readOperation(): Step {
  const step: Step = function readOperation(context) {
    if (!routeOf(context).graphql || context.method !== 'GET') return undefined
    const issues: { path: string; message: string }[] = []
    const body: Record<string, unknown> = {}
    for (const [name, values] of Object.entries(parseQuery(context.query))) {
      const [text = ''] = values
      if (values.length > 1) issues.push({ path: `query.${name}`, message: 'Given more than once' })
      else if (!OBJECTS.includes(name)) body[name] = text
      else {
        const parsed = parseJson(Buffer.from(text))
        if ('issues' in parsed) issues.push({ path: `query.${name}`, message: 'Must be JSON' })
        else body[name] = parsed.value
      }
    }
    if (issues.length > 0) return invalidRequest(issues)
    Object.assign(context, { method: 'POST', query: '', body: Buffer.from(JSON.stringify(body)) })
    context.headers['content-type'] = ['application/json']
    return undefined
  }
  return byRunning(step, () => 'It is no GET of GraphQL.')
}

/** What a query carries as JSON. */
const OBJECTS = ['variables', 'extensions']

/**
 * Refuses an operation that does not fit the schema, or that asks for more than the contract grants, before any function is woken;
 * answers itself what asks for the schema alone.
 */
export function checkOperation({ graphql }: Pick<GatewayDependencies, 'graphql'>): Step {
  const known = new WeakMap<GraphqlLimits, PrepareOperation>()
  const operationsOf = async (limits: GraphqlLimits) => {
    const prepare = known.get(limits) ?? (await graphql?.(limits))
    if (!prepare) throw new Error('this gateway has no GraphQL')
    known.set(limits, prepare)
    return prepare
  }

  async function check(context: GatewayContext, limits: GraphqlLimits): Promise<Outcome | undefined> {
    const prepare = await operationsOf(limits)
    const parsed = parseJson(context.body)
    // `validate` has checked it by the contract.
    const prepared = prepare(('value' in parsed ? parsed.value : {}) as OperationRequest)
    if (isRefusal(prepared)) {
      const refused = writeProblem(context, prepared.problem, prepared.errors)
      const isOld = !hasStatus(mediaTypeFor(context)) && !acceptsEvents(context)
      const status = prepared.isInvalid && isOld ? 200 : refused.status
      return { ...refused, status, shortCircuitReason: prepared.problem.code }
    }
    if (prepared.definition.operation === 'mutation' && context.request.method === 'GET') return NO_MUTATIONS
    if (prepared.definition.operation === 'subscription') {
      context.operation = prepared
      return acceptsEvents(context) ? undefined : ONLY_EVENTS
    }
    if (prepared.answerBySchema) return answer(context, prepared.answerBySchema())
    context.callsNobody = prepared.definition.operation === 'query'
    // Each field of a mutation derives a key from this one.
    const keyIssues = context.callsNobody ? [] : findKeyIssues(context.headers)
    if (keyIssues.length > 0) return invalidRequest(keyIssues)
    context.sink = createGraphqlSink(context.sink ?? createClientSink(context), context)
    return undefined
  }

  const step: Step = function checkOperation(context) {
    const { graphql: limits } = routeOf(context)
    return limits ? check(context, limits) : undefined
  }
  return byRunning(step, (context) =>
    routeOf(context).graphql
      ? 'The operation fits the schema, its depth and its cost.'
      : 'It is no operation of GraphQL.',
  )
}

const answer = (context: GatewayContext, result: unknown): Reply => ({
  status: 200,
  headers: { 'content-type': mediaTypeFor(context), 'cache-control': 'no-store' },
  body: JSON.stringify(result),
  shortCircuitReason: 'schema',
})

const ONLY_EVENTS = new Problem(
  'invalid_request',
  406,
  'A subscription is answered by events: send `Accept: text/event-stream`.',
)
const NO_MUTATIONS = new Problem('method_not_allowed', 405, 'A GET only reads: send a mutation by POST.', {
  headers: { allow: 'POST' },
})
