import { describeEndpoint, Problem, type Route, streamedBodyOf } from '../../contract/index.ts'
import type { Claim, Effect, EventKey, Secret, StoredResponse, TransactionWork } from '../../kernel/index.ts'
import { callerIdOf, POSITION_HEADER } from '../../protocol/index.ts'
import { withProcessSpan } from '../../telemetry/index.ts'
import { endInBatch } from '../batch-responses.ts'
import { headerOf, type Received, type Request, type RequestContext, type Response, type Step } from '../context.ts'
import { createHandlerContexts } from '../handler-context.ts'
import { claimToResponse, toClaim } from '../idempotency.ts'
import type { Implementation } from '../implement.ts'
import { conditionsOf } from '../preconditions.ts'
import { mayReadReplica, replicaOf } from '../replica-of.ts'
import type { OpenedResources } from '../resources.ts'
import { createResponseSerializer } from '../serialize-response.ts'
import { takeBatch } from './take-batch.ts'

export interface TransactOptions {
  readonly resources: OpenedResources
  readonly secrets?: Readonly<Record<string, Secret>>
}

/**
 * Claims the key, runs the handler, checks and serialises its reply, appends its events, stores the response, commits,
 * carries out what cannot be undone, and sends. The bytes exist before the commit, so a reply that breaks its contract has
 * no effect.
 */
export function transact(fn: Implementation, { resources, secrets = {} }: TransactOptions): Step {
  const { contract } = fn
  const route = contract.kind === 'endpoint' ? describeEndpoint(contract) : undefined
  const readOnly = route?.readOnly ?? false
  const isForReplica = route !== undefined && mayReadReplica(route)
  // A resource that acts at once, outside of transaction and commit, may have done so already; and a stream is read once.
  const repeatable = !(contract.kind === 'endpoint' && streamedBodyOf(contract)) && actsAtCommit(fn)
  const { transaction, policy } = resources
  const createContext = createHandlerContexts(contract, { secrets, policy, hasTransaction: transaction !== undefined })
  const serializer = createResponseSerializer(contract)

  const process = async (request: Request, response: Response, locals: RequestContext): Promise<StoredResponse> => {
    const { deadline, event } = locals
    const claim = route && claimOf(route, request, locals)
    const key = event && keyOf(contract.name, event)
    let pendingEffects: readonly Effect[] = []

    const work: TransactionWork<Record<string, unknown>, StoredResponse> = async (transactional, end, unit) => {
      const claimed = claim && unit && claimToResponse(await unit.claim(claim))
      if (claimed instanceof Problem) throw claimed
      if (claimed) return claimed
      const alreadyPending = key && (await unit?.recordInInbox(key))
      if (alreadyPending) {
        pendingEffects = alreadyPending
        return serializer.empty
      }
      const conditions = route?.conditional && conditionsOf(request.headersDistinct)
      const { context, events, effects, purged, tags, bindContext, check, close, versions } = createContext(
        locals,
        conditions,
      )
      Object.assign(context, resources.bind(bindContext), transactional)
      // The handler's own types were checked where it was written: implement() ties input, context and reply to its contract.
      const handle = () => fn.handle(locals.input as never, context as never)
      let stored: StoredResponse
      try {
        const output = await (event ? withProcessSpan(event, async () => handle()) : handle())
        if (end() > 0) throw new Error('the handler returned while a statement was still running; await each one')
        stored = withTags(serializer.fromReply(output, check), tags)
        if (versions) stored = versions.apply(stored)
      } catch (thrown) {
        end()
        const error = serializer.toExpectedError(thrown)
        if (!claim || !serializer.isFinal(error)) throw error
        await unit?.rollbackToClaim()
        events.length = 0
        purged.length = 0
        stored = serializer.fromProblem(error, locals.correlation)
      } finally {
        close()
      }
      if (unit) await unit.append(events)
      if (unit && purged.length > 0) await unit.purge(purged)
      if (unit && key && effects.length > 0) await unit.storePendingEffects(key, effects)
      if (unit && claim) await unit.complete(claim, stored)
      pendingEffects = effects
      return stored
    }

    const options = {
      ...{ ...transactionOptionsOf(locals), readOnly, repeatable },
      replica: isForReplica ? replicaOf(request) : undefined,
      onCommit: (position: string) => response.setHeader(POSITION_HEADER, position),
    }
    const running = transaction?.run(options, (bound, end, unit) => work(transaction.bind(bound), end, unit))
    // Where no transaction enforces the deadline, nothing else does.
    const stored = await (running && !readOnly ? running : deadline.race(running ?? work({}, () => 0)))
    if (key && pendingEffects.length > 0) {
      await resources.runEffects(pendingEffects, deadline.signal)
      await transaction?.clearPendingEffects(key)
    }
    return stored
  }
  return async function transact(request, response) {
    const { locals } = response
    const one = (received: Received) => process(request, response, { ...locals, ...received })
    sendResponse(
      response,
      locals.batch ? await takeBatch(locals.batch, one, locals) : await process(request, response, locals),
    )
  }
}

/** Whether nothing that a handler uses acts before the commit. */
export const actsAtCommit = ({ uses }: Implementation): boolean =>
  Object.values(uses).every(({ transaction, runEffect, decide }) => transaction ?? runEffect ?? decide)

/** For the gateway, which keeps the response, and for a CDN in front of it where there is one. */
const withTags = (stored: StoredResponse, tags: readonly string[]): StoredResponse =>
  tags.length === 0 ? stored : { ...stored, headers: { ...stored.headers, 'cache-tag': tags.join(',') } }

/** By a time that we made up, a redelivery would be another event. */
export const keyOf = (consumer: string, { source, id, sentTime }: Received['event']): EventKey => ({
  ...{ consumer, source, id },
  ...(sentTime === undefined ? {} : { time: sentTime }),
})

/** The limits and the tenant of a request's statements. */
export const transactionOptionsOf = ({ deadline: { signal, timeoutMs }, identity: { tenant } }: RequestContext) => ({
  signal,
  timeoutMs,
  tenant,
})

/** The caller's key; or the relay's, which sends the invocation's id so that a second attempt has no second effect. */
function claimOf(route: Route, request: Request, { identity }: RequestContext): Claim | undefined {
  if (!route.idempotent && identity.act !== 'relay') return undefined
  const { method, originalUrl: target, body = Buffer.alloc(0) } = request
  const { headers: contractHeaders, cookies: contractCookies } = route
  const headers = contractHeaders.length > 0 || contractCookies ? request.headersDistinct : {}
  const claim = toClaim({
    ...{ caller: callerIdOf(identity), route: route.name, header: headerOf(request, 'idempotency-key') },
    ...{ method, target, headers, contractHeaders, contractCookies, body },
  })
  if (claim || !route.idempotent) return claim
  const details = [{ path: 'headers.idempotency-key', message: 'Missing' }]
  throw new Problem('invalid_request', 400, 'This request needs an Idempotency-Key.', { details })
}

/** Sends a response that stands. */
export function sendResponse(response: Response, { status, headers, body }: StoredResponse) {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  endInBatch(response, body)
}
