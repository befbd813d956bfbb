import { type Authorizer, Problem } from '../../../contract/index.ts'
import { withSignal } from '../../../kernel/promises.ts'
import type { JudgeCaller, Question } from '../authorizers/judge-callers.ts'
import { type GatewayContext, routeOf, type Step } from '../context.ts'
import { ending, explained } from '../explanation.ts'

interface JudgeOptions {
  readonly judgeCaller: JudgeCaller
  /** Reads the body, for an authorizer that judges by it. */
  readonly takeBody: Step
}

/**
 * Identifies the caller by the authorizer of the route, in place of keys and tokens. Its credentials are not forwarded, but
 * for headers that the endpoint's own contract names.
 */
export function judge({ judgeCaller, takeBody }: JudgeOptions): Step {
  const ofKept = (authorizer: Authorizer, question: Question) => {
    const kept = judgeCaller.findKept(authorizer, question)
    if (!kept) throw new NotKept(`${authorizer.name} would be asked who this is, and started where it sleeps.`)
    return kept.authenticated
  }
  return explained(judgeBy(judgeCaller, takeBody), async (context) => {
    try {
      const outcome = await judgeBy(ofKept, takeBody)(context)
      const { caller, credential } = context
      return outcome
        ? ending(outcome)
        : { why: `${credential?.id} has said that it is ${caller.sub}.`, facts: { ...caller } }
    } catch (error) {
      if (error instanceof NotKept) return { outcome: 'unknown', why: error.message }
      throw error
    }
  })
}

/** Its answer is not known, and would have to be asked for. */
class NotKept extends Error {}

function judgeBy(judgeCaller: (...args: Parameters<JudgeCaller>) => ReturnType<JudgeCaller>, takeBody: Step): Step {
  return async function judge(context) {
    const route = routeOf(context)
    const authorizer = context.contracts?.authorizers.find(({ name }) => name === route.authorizer)
    if (!authorizer) throw new Error(`there is no authorizer ${route.authorizer}: contractSet refuses such contracts`)
    const { credentials } = authorizer
    const { responseHeaders, headers, signal } = context
    const vary = credentials.headers.join(', ')
    responseHeaders.vary = responseHeaders.vary === undefined ? vary : `${responseHeaders.vary}, ${vary}`
    responseHeaders['cache-control'] = 'private, no-store'
    const sent = credentials.headers.filter((name) => headers[name] !== undefined)
    if (sent.length === 0) return unauthenticated(authorizer, `Send ${credentials.headers.join(', ')}.`)
    const repeated = sent.find((name) => (headers[name]?.length ?? 0) > 1)
    if (repeated) return new Problem('bad_request', 400, `${repeated} came several times; send it once.`)
    const failed = credentials.body ? await takeBody(context) : undefined
    if (failed) return failed
    const judging = judgeCaller(authorizer, questionOf(context, authorizer), context)
    const judged = judging instanceof Promise ? await withSignal(signal, judging) : judging
    // The authorizer's time is not the endpoint's.
    if (credentials.body) context.bodyReceivedAt = performance.now()
    if (!judged) return unauthenticated(authorizer, 'The credentials of this request are not valid.')
    context.caller = judged.caller
    context.credential = judged.credential
    context.plan = judged.plan
    if (route.upstream?.forwardsCredentials) return undefined
    for (const name of ['x-api-key', 'authorization', 'dpop', ...credentials.headers])
      if (!route.headers.includes(name) && !(name === 'cookie' && route.cookies)) delete headers[name]
    return undefined
  }
}

/** What the authorizer's contract names, in its order, and no more. */
function questionOf(context: GatewayContext, { credentials }: Authorizer): Question {
  const { path, query, headers, body } = context
  const sent = credentials.headers.flatMap((name) =>
    headers[name]?.[0] === undefined ? [] : [[name, headers[name][0]]],
  )
  return {
    headers: Object.fromEntries(sent),
    ...{ method: context.method, route: routeOf(context).path },
    ...(credentials.path ? { path } : {}),
    ...(credentials.query ? { query } : {}),
    ...(credentials.body ? { bytes: body } : {}),
  }
}

/** A challenge is required (RFC 9110, 15.5.2); it names the headers that the API's document names as well. */
const unauthenticated = ({ credentials }: Authorizer, message: string) =>
  new Problem('unauthenticated', 401, message, {
    headers: { 'www-authenticate': `Ebb headers="${credentials.headers.join(' ')}"` },
  })
