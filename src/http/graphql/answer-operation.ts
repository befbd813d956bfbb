import { describeEndpoint, type EndpointContract } from '../../contract/index.ts'
import { headerOf, type Request, type Response, type Step } from '../context.ts'
import { createHandlerContexts } from '../handler-context.ts'
import type { Implementation } from '../implement.ts'
import { sendResponse, type TransactOptions, transact, transactionOptionsOf } from '../middleware/transact.ts'
import { mayReadReplica, replicaOf } from '../replica-of.ts'
import { createResponseSerializer } from '../serialize-response.ts'
import { whenDrained } from '../streams/send-chunks.ts'
import { acceptedFormat, type IncrementalFormat } from './accepted-format.ts'
import { type Parts, partsOf } from './parts.ts'
import type { OperationRequest } from './prepared-operation.ts'

/**
 * Answers an operation as a whole, or in parts (`multipart/mixed`) where it defers some of it and its caller takes them. `sql` works
 * until the last part, and the contract's timeout is that of all of them.
 */
export function answerOperation(fn: Implementation, contract: EndpointContract, options: TransactOptions): Step {
  const { resources, secrets = {} } = options
  const { transaction, policy } = resources
  const answerWhole = transact(fn, options)
  const createContext = createHandlerContexts(contract, { secrets, policy, hasTransaction: transaction !== undefined })
  const serializer = createResponseSerializer(contract)
  const isForReplica = mayReadReplica(describeEndpoint(contract))

  async function answerInParts(request: Request, response: Response, format: IncrementalFormat) {
    const { locals } = response
    const work = async (transactional: Record<string, unknown>, end: () => number) => {
      const { context, bindContext, check, close } = createContext(locals)
      Object.assign(context, resources.bind(bindContext), transactional)
      try {
        // implementGraphql() has tied its handler to the contract, and takes the format besides.
        const handling = fn.handle({ ...Object(locals.input), format } as never, context as never)
        const output: unknown = await locals.deadline.race(handling)
        const parts = partsOf(output)
        if (parts) return await sendParts(response, parts, format)
        if (end() > 0) throw new Error('the handler returned while a statement was still running; await each one')
        sendResponse(response, serializer.fromReply(output, check))
      } catch (error) {
        throw serializer.toExpectedError(error)
      } finally {
        end()
        close()
      }
    }
    const limits = { ...transactionOptionsOf(locals), readOnly: true, repeatable: false }
    const replica = isForReplica ? replicaOf(request) : undefined
    await (transaction
      ? transaction.run({ ...limits, replica }, (bound, end) => work(transaction.bind(bound), end))
      : work({}, () => 0))
  }

  return function answerOperation(request, response) {
    const format = acceptedFormat(headerOf(request, 'accept'))
    // `validate` has checked it by the contract. What a persisted one defers, its text says.
    const { body } = response.locals.input as { readonly body: OperationRequest }
    const mayDefer = body.query?.includes('@defer') ?? true
    return format && mayDefer ? answerInParts(request, response, format) : answerWhole(request, response)
  }
}

const DELIMITER = '\r\n---'
const PART_HEADERS = '\r\nContent-Type: application/json; charset=utf-8\r\n\r\n'

/** Sends parts as they come, each with the delimiter behind it, by which clients know at once that it is whole. */
async function sendParts(response: Response, parts: Parts, format: IncrementalFormat) {
  response.statusCode = 200
  response.setHeader('content-type', `multipart/mixed; boundary="-"; ${format}`)
  response.setHeader('cache-control', 'no-store')
  // nginx would collect them.
  response.setHeader('x-accel-buffering', 'no')
  response.write(DELIMITER)
  for await (const part of parts) {
    if (response.destroyed) return
    if (!response.write(`${PART_HEADERS}${part}${DELIMITER}`)) await whenDrained(response)
  }
  response.end('--\r\n')
}
