import type { IncomingHttpHeaders } from 'node:http'
import { describeEndpoint, type EndpointContract, isEventStream, type Route, usualReply } from '../../contract/index.ts'
import type { Secret } from '../../kernel/index.ts'
import type { Response, Step } from '../context.ts'
import { createHandlerContexts } from '../handler-context.ts'
import type { Implementation } from '../implement.ts'
import { mayReadReplica, replicaOf } from '../replica-of.ts'
import type { OpenedResources } from '../resources.ts'
import { createResponseSerializer } from '../serialize-response.ts'
import { comeBack } from '../streams/come-back.ts'
import { compileStream } from '../streams/encode-item.ts'
import { sendChunks } from '../streams/send-chunks.ts'
import { sendEvents } from '../streams/send-events.ts'
import { openSource } from '../streams/source.ts'
import { transactionOptionsOf } from './transact.ts'

interface StreamReplyOptions {
  readonly resources: OpenedResources
  readonly secrets?: Readonly<Record<string, Secret>>
  readonly replyStream: NonNullable<Route['replyStream']>
  /** Aborts when this process begins to end; default: never. */
  readonly draining?: AbortSignal | undefined
}

/**
 * Runs a handler that only reads, and sends what it returns item by item. What it throws before the first one is answered as
 * ever; what goes wrong later breaks the response off. `sql` works until the last item.
 */
export function streamReply(
  fn: Implementation,
  contract: EndpointContract,
  { resources, secrets = {}, draining, replyStream }: StreamReplyOptions,
): Step {
  const { transaction, policy } = resources
  const createContext = createHandlerContexts(contract, { secrets, policy, hasTransaction: transaction !== undefined })
  const { toExpectedError } = createResponseSerializer(contract)
  const { status } = usualReply(contract)
  const toSent = compileStream(contract)
  const isEvents = isEventStream({ replyStream })
  const isForReplica = mayReadReplica(describeEndpoint(contract))
  const start = (response: Response, tags: readonly string[] = []) => {
    response.statusCode = status
    response.setHeader('content-type', replyStream.type)
    if (tags.length > 0) response.setHeader('cache-tag', tags.join(','))
    if (!isEvents) return
    response.setHeader('cache-control', 'no-store')
    // nginx would collect events.
    response.setHeader('x-accel-buffering', 'no')
  }
  return async function streamReply(request, response) {
    const { locals } = response
    const { deadline } = locals
    if (isEvents && draining?.aborted) {
      start(response)
      return void response.end(comeBack())
    }
    const work = async (transactional: Record<string, unknown>, end: () => number) => {
      const { context, tags, bindContext, check, close } = createContext(locals)
      Object.assign(context, resources.bind(bindContext), transactional)
      try {
        const input = isEvents ? { ...Object(locals.input), lastEventId: lastEventIdOf(request.headers) } : locals.input
        // The handler's own types were checked where it was written.
        const output: unknown = await fn.handle(input as never, context as never)
        check()
        if (isEvents && output === undefined) return void response.writeHead(204).end()
        await send(response, output, { isHead: request.method === 'HEAD', tags, end })
      } catch (error) {
        throw toExpectedError(error)
      } finally {
        end()
        close()
      }
    }
    const running = transaction
      ? transaction.run(
          {
            ...{ ...transactionOptionsOf(locals), readOnly: true, repeatable: false },
            replica: isForReplica ? replicaOf(request) : undefined,
          },
          (bound, end) => work(transaction.bind(bound), end),
        )
      : work({}, () => 0)
    await deadline.race(running)
  }

  async function send(response: Response, output: unknown, { isHead, tags, end }: SendOptions) {
    const { deadline } = response.locals
    const { output: sent, encode } = toSent(output)
    const source = openSource(sent)
    deadline.signal.addEventListener('abort', source.close, { once: true })
    if (isHead) {
      source.close()
      start(response, tags)
      return void response.end()
    }
    if (isEvents) {
      start(response)
      return sendEvents(response, source, { encode, deadline, maxMs: replyStream.maxMs, draining })
    }
    await sendChunks(response, source, {
      ...{ encode, deadline },
      start: () => start(response, tags),
      finish: () => {
        if (end() > 0) throw new Error('the stream ended while a statement was still running; await each one')
      },
    })
  }
}

interface SendOptions {
  readonly isHead: boolean
  /** Of the response, for the gateway's cache. */
  readonly tags: readonly string[]
  /** Ends the handler's statements; returns how many are still running. */
  readonly end: () => number
}

/** Clients send the bytes of UTF-8, which Node reads as one character each. */
function lastEventIdOf({ 'last-event-id': value }: IncomingHttpHeaders): string | undefined {
  return typeof value === 'string' && value !== '' ? Buffer.from(value, 'latin1').toString() : undefined
}
