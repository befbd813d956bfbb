import { failureStatuses, Problem } from '../../contract/index.ts'
import { type Effect, type EventKey, redactSecrets, type TransactionWork } from '../../kernel/index.ts'
import { type BatchResponse, POSITION_HEADER } from '../../protocol/index.ts'
import { withProcessSpan } from '../../telemetry/index.ts'
import { endInBatch } from '../batch-responses.ts'
import type { Received, RequestContext, Response, Step } from '../context.ts'
import { createHandlerContexts } from '../handler-context.ts'
import type { Implementation } from '../implement.ts'
import { createResponseSerializer } from '../serialize-response.ts'
import { toEventProblem } from './take-batch.ts'
import { actsAtCommit, keyOf, type TransactOptions, transactionOptionsOf } from './transact.ts'

/** The events that have failed, by id. */
type Failed = ReadonlyMap<string, Problem>

interface Taken {
  readonly failed: Failed
  readonly pending: readonly { readonly key: EventKey; readonly effects: readonly Effect[] }[]
}

const NONE: Failed = new Map()
/** Longer ones are cut: what has failed is told in one response. */
const MAX_MESSAGE_LENGTH = 500

/**
 * Runs the handler once for all events of a batch that it has not taken before, in one transaction with their inbox rows. One
 * that cannot be read, or that the handler returns as failed, leaves no inbox row, and the response names it; where all have
 * failed, nothing is written. An event that comes alone is answered as if there were no batches.
 */
export function transactBatch(fn: Implementation, { resources, secrets = {} }: TransactOptions): Step {
  const { contract } = fn
  const { transaction, policy } = resources
  if (!transaction) throw new Error(`${contract.name} has no transactions`)
  const repeatable = actsAtCommit(fn)
  const createContext = createHandlerContexts(contract, { secrets, policy, hasTransaction: true })
  const { toExpectedError } = createResponseSerializer(contract)
  const readFailed = createFailedReader(fn)

  const process = async (response: Response, received: readonly Received[]): Promise<Failed> => {
    const { locals } = response
    const toKey = ({ event }: Received) => keyOf(contract.name, event)

    const work: TransactionWork<unknown, Taken> = async (bound, end, unit) => {
      if (!unit) throw new Error('a batch is written')
      const known = await unit.recordAllInInbox(received.map(toKey))
      const pending = received.flatMap((one, i) =>
        known[i] && known[i].length > 0 ? [{ key: toKey(one), effects: known[i] }] : [],
      )
      const fresh = received.filter((_, i) => known[i] === undefined)
      const [first, ...others] = fresh
      if (!first) return { failed: NONE, pending }
      const hops = Math.max(...fresh.map(({ event }) => event.hops))
      const { context, events, effects, purged, bindContext, check, close } = createContext({
        ...locals,
        event: { ...first.event, hops },
      })
      Object.assign(context, resources.bind(bindContext), transaction.bind(bound))
      let failed: Failed
      try {
        const input = { events: fresh.map(({ input }) => input) }
        const output: unknown = await withProcessSpan(
          first.event,
          // The handler's own types were checked where it was written.
          async () => fn.handle(input as never, context as never),
          others.map(({ event }) => event),
        )
        if (end() > 0) throw new Error('the handler returned while a statement was still running; await each one')
        check()
        failed = readFailed(output, fresh)
      } catch (error) {
        end()
        throw toExpectedError(error)
      } finally {
        close()
      }
      const done = fresh.find(({ event }) => !failed.has(event.id))
      if (!done) throw new AllFailed({ failed, pending })
      if (failed.size > 0) await unit.removeFromInbox(fresh.filter(({ event }) => failed.has(event.id)).map(toKey))
      await unit.append(events)
      await unit.purge(purged)
      if (effects.length === 0) return { failed, pending }
      // With one of them: a redelivery of that one does what is still to be done.
      await unit.storePendingEffects(toKey(done), effects)
      return { failed, pending: [...pending, { key: toKey(done), effects }] }
    }

    const options = {
      ...{ ...transactionOptionsOf(locals), readOnly: false, repeatable },
      onCommit: (position: string) => response.setHeader(POSITION_HEADER, position),
    }
    const { failed, pending } = await transaction.run(options, work).catch((error: unknown): Taken => {
      if (error instanceof AllFailed) return error.taken
      throw error
    })
    for (const { key, effects } of pending) {
      await resources.runEffects(effects, locals.deadline.signal)
      await transaction.clearPendingEffects(key)
    }
    return failed
  }

  return async function transactBatch(_request, response) {
    const { batch, event, input } = response.locals
    if (event) {
      const [problem] = (await process(response, [{ event, input }])).values()
      if (problem) throw problem
      return respond(response)
    }
    const read = (batch ?? []).map(readOne)
    const received = read.flatMap((one) => (one instanceof Problem ? [] : one))
    const failed = received.length > 0 ? await process(response, received) : NONE
    const problems = read.map((one) => (one instanceof Problem ? one : failed.get(one.event.id)))
    respond(response, problems, response.locals)
  }
}

/** Rolls back what was done for events that have all failed. */
class AllFailed extends Error {
  readonly taken: Taken

  constructor(taken: Taken) {
    super('all events of the batch have failed')
    this.taken = taken
  }
}

function readOne(read: () => Received): Received | Problem {
  try {
    return read()
  } catch (error) {
    return toEventProblem(error)
  }
}

/** Reads which events a handler returns as failed. Throws where it returns anything else. */
function createFailedReader({ contract }: Implementation) {
  const failures = failureStatuses(contract)
  return (output: unknown, events: readonly Received[]): Failed => {
    if (output === undefined) return NONE
    const { failed } = Object(output) as { readonly failed?: unknown }
    if (!Array.isArray(failed))
      throw new Error('a handler with `batch` returns nothing, or { failed: [{ id, failure, message }] }')
    const ids = new Set(events.map(({ event }) => event.id))
    return new Map(
      failed.map(({ id, failure, message }) => {
        if (!ids.has(id)) throw new Error(`the handler returns as failed ${id}, which is none of its events`)
        if (failure !== undefined && !Object.hasOwn(failures, failure))
          throw new Error(`the contract declares no failure ${failure}`)
        const text = String(message ?? 'The handler has returned it as failed.').slice(0, MAX_MESSAGE_LENGTH)
        return [id, new Problem(failure ?? 'internal', failures[failure] ?? 500, text)]
      }),
    )
  }
}

function respond(
  response: Response,
  problems: readonly (Problem | undefined)[] = [],
  locals?: Pick<RequestContext, 'log'>,
): void {
  const failures = problems.flatMap((problem, index) => {
    if (!problem) return []
    const { status, code: error, message } = problem
    if (status >= 500) locals?.log.error({ err: problem, code: error, index }, 'an event of a batch failed')
    return [{ index, status, error, message }]
  })
  response.statusCode = failures.length > 0 ? 200 : 204
  if (failures.length > 0) response.setHeader('content-type', 'application/json')
  endInBatch(response, failures.length > 0 ? redactSecrets(JSON.stringify({ failures } satisfies BatchResponse)) : '')
}
