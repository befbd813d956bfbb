import { Problem } from '../../contract/index.ts'
import type { Claim, Effect, StoredResponse, TransactionWork } from '../../kernel/index.ts'
import { withProcessSpan } from '../../telemetry/index.ts'
import { endInBatch } from '../batch-responses.ts'
import { type Deadline, headerOf, type Request, type RequestContext, type Response, type Step } from '../context.ts'
import { createHandlerContexts } from '../handler-context.ts'
import { fingerprint, parseIdempotencyKey } from '../idempotency.ts'
import type { Contract, Implementation } from '../implement.ts'
import type { OpenedResources } from '../resources.ts'
import { createResponseSerializer } from '../serialize-response.ts'

interface TransactOptions {
  readonly resources: OpenedResources
  readonly secrets?: Readonly<Record<string, string>>
}

/**
 * The heart: claim the key, run the handler, check and serialise its reply, store it, add its events, commit, do what
 * cannot be undone, send. The bytes exist before the commit, so a reply that breaks its contract has no effect.
 */
export function transact(fn: Implementation, { resources, secrets = {} }: TransactOptions): Step {
  const { contract } = fn
  const readOnly = contract.kind === 'endpoint' && (contract.method === 'GET' || contract.reads === true)
  // Whatever acts on the world outside at once may have done so.
  const repeatable = Object.values(fn.uses).every(({ transaction, carryOut }) => transaction ?? carryOut)
  const toolsFor = createHandlerContexts(contract, { secrets })
  const answers = createResponseSerializer(contract)
  const { transaction } = resources

  return async function transact(request, response) {
    const { locals } = response
    const { deadline, event } = locals
    const claim = claimOf(contract, request, locals)
    const key = event && { consumer: contract.name, source: event.source, id: event.id }
    let outstanding: readonly Effect[] = []

    const work: TransactionWork<Record<string, unknown>, StoredResponse> = async (transactional, end, unit) => {
      const claimed = claim && (await unit?.claim(claim))
      if (claimed && claimed.is !== 'new') return answers.fromClaim(claimed)
      const before = key && (await unit?.recordInInbox(key))
      if (before) {
        outstanding = before
        return answers.empty
      }
      const { tools, events, effects, lending, check, close } = toolsFor(locals)
      const lent = Object.assign(tools, resources.bind(lending), transactional)
      // The handler's own types were checked where it was written: implement() ties input, tools and reply to its contract.
      const handle = () => fn.handle(locals.input as never, lent as never)
      let answer: StoredResponse
      try {
        const output = await (event ? withProcessSpan(event, async () => handle()) : handle())
        if (end() > 0) throw new Error('the handler returned while a statement was still running; await each one')
        answer = answers.fromReply(output, check)
      } catch (fault) {
        end()
        if (!claim || !answers.isFinal(fault)) throw answers.toExpectedError(fault)
        await unit?.rollbackToClaim()
        events.length = 0
        answer = answers.fromProblem(fault, locals.correlation)
      } finally {
        close()
      }
      if (unit) await unit.append(events)
      if (unit && key && effects.length > 0) await unit.storePendingEffects(key, effects)
      if (unit && claim) await unit.complete(claim, answer)
      outstanding = effects
      return answer
    }

    const within = transaction?.run({ ...optionsOf(deadline), readOnly, repeatable }, (own, end, unit) =>
      work({ [transaction.name]: own }, end, unit),
    )
    // Where no transaction stands behind the handler, nothing else holds it to its deadline.
    const answer = await (within && !readOnly ? within : deadline.race(within ?? work({}, () => 0)))
    if (key && outstanding.length > 0) {
      await resources.carryOut(outstanding, deadline.signal)
      await transaction?.clearOutstanding(key)
    }
    sendResponse(response, answer)
  }
}

const optionsOf = ({ signal, timeoutMs }: Deadline) => ({ signal, timeoutMs })

/** The caller's key; or the relay's, who sends an invocation's id so that a second try has no second effect. */
function claimOf(contract: Contract, request: Request, { identity }: RequestContext): Claim | undefined {
  if (contract.kind !== 'endpoint') return undefined
  const value = headerOf(request, 'idempotency-key')
  const key = value && parseIdempotencyKey(value)
  if (!contract.idempotent && !(identity.act === 'relay' && key)) return undefined
  if (!key) {
    const details = [{ path: 'headers.idempotency-key', message: 'Missing' }]
    throw new Problem('invalid_request', 400, 'This request needs an Idempotency-Key.', { details })
  }
  const { method, originalUrl: target, body = Buffer.alloc(0) } = request
  const contractHeaders = Object.keys(contract.headers?.shape ?? {})
  const headers = contractHeaders.length > 0 ? request.headersDistinct : {}
  const print = fingerprint({ method, target, headers, contractHeaders, body })
  return { caller: identity.sub, route: contract.name, key, fingerprint: print }
}

function sendResponse(response: Response, { status, headers, body }: StoredResponse) {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  endInBatch(response, body)
}
