import { Problem } from '../../contract/index.ts'
import { type Claim, type Effect, type StoredAnswer, spanOfProcessing, type Work } from '../../kernel/index.ts'
import { createAnswers } from '../answer.ts'
import type { Deadline } from '../deadline.ts'
import { type Exchange, headerOf, type Request, type Response, type Step } from '../exchange.ts'
import { fingerprint } from '../fingerprint.ts'
import { idempotencyKey } from '../idempotency-key.ts'
import type { Contract, Implementation } from '../implement.ts'
import { endTogether } from '../leave-together.ts'
import type { OpenedResources } from '../resources.ts'
import { createToolbox } from '../tools.ts'

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
  const toolsFor = createToolbox(contract, { secrets })
  const answers = createAnswers(contract)
  const { transaction } = resources

  return async function transact(request, response) {
    const { locals } = response
    const { deadline, event } = locals
    const claim = claimOf(contract, request, locals)
    const key = event && { consumer: contract.name, source: event.source, id: event.id }
    let outstanding: readonly Effect[] = []

    const work: Work<Record<string, unknown>, StoredAnswer> = async (transactional, end, unit) => {
      const claimed = claim && (await unit?.claim(claim))
      if (claimed && claimed.is !== 'new') return answers.claimed(claimed)
      const before = key && (await unit?.seen(key))
      if (before) {
        outstanding = before
        return answers.empty
      }
      const { tools, events, effects, lending, check, close } = toolsFor(locals)
      const lent = Object.assign(tools, resources.lend(lending), transactional)
      // The handler's own types were checked where it was written: implement() ties input, tools and reply to its contract.
      const handle = () => fn.handle(locals.input as never, lent as never)
      let answer: StoredAnswer
      try {
        const output = await (event ? spanOfProcessing(event, async () => handle()) : handle())
        if (end() > 0) throw new Error('the handler returned while a statement was still running; await each one')
        answer = answers.reply(output, check)
      } catch (fault) {
        end()
        if (!claim || !answers.isFinal(fault)) throw answers.expected(fault)
        await unit?.undo()
        events.length = 0
        answer = answers.problem(fault, locals.correlation)
      } finally {
        close()
      }
      if (unit) await unit.append(events)
      if (unit && key && effects.length > 0) await unit.storeOutstanding(key, effects)
      if (unit && claim) await unit.complete(claim, answer)
      outstanding = effects
      return answer
    }

    const within = transaction?.run({ ...optionsOf(deadline), readOnly, repeatable }, (own, end, unit) =>
      work({ [transaction.name]: own }, end, unit),
    )
    // Where no transaction stands behind the handler, nothing else holds it to its deadline.
    const answer = await (within && !readOnly ? within : deadline.hold(within ?? work({}, () => 0)))
    if (key && outstanding.length > 0) {
      await resources.carryOut(outstanding, deadline.signal)
      await transaction?.clearOutstanding(key)
    }
    send(response, answer)
  }
}

const optionsOf = ({ signal, timeoutMs }: Deadline) => ({ signal, timeoutMs })

/** The caller's key; or the relay's, who sends an invocation's id so that a second try has no second effect. */
function claimOf(contract: Contract, request: Request, { identity }: Exchange): Claim | undefined {
  if (contract.kind !== 'endpoint') return undefined
  const value = headerOf(request, 'idempotency-key')
  const key = value && idempotencyKey(value)
  if (!contract.idempotent && !(identity.act === 'relay' && key)) return undefined
  if (!key) {
    const details = [{ path: 'headers.idempotency-key', message: 'Missing' }]
    throw new Problem('invalid_request', 400, 'This request needs an Idempotency-Key.', { details })
  }
  const { method, originalUrl: target, body = Buffer.alloc(0) } = request
  const named = Object.keys(contract.headers?.shape ?? {})
  const headers = named.length > 0 ? request.headersDistinct : {}
  const print = fingerprint({ method, target, headers, named, body })
  return { caller: identity.sub, route: contract.name, key, fingerprint: print }
}

function send(response: Response, { status, headers, body }: StoredAnswer) {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  endTogether(response, body)
}
