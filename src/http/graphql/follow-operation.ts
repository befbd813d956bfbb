import { type ExecutionResult, type GraphQLError, subscribe } from 'graphql'
import { Problem } from '../../contract/index.ts'
import type { Operation } from './prepared-operation.ts'

/** Opens what a field of `Subscription` follows: the data of each event. Throws a Problem where this caller may not. */
export type OpenEvents = (field: string, args: Readonly<Record<string, unknown>>) => Promise<AsyncIterable<unknown>>

/** What a subscription comes to: a result for each event. */
export type Results = AsyncGenerator<ExecutionResult, void, void>

export type FollowOperation = (operation: Operation, open: OpenEvents) => Promise<Results>

/** Follows the events that a subscription asks for. Rejects with the Problem of `open`. */
export async function followOperation(operation: Operation, open: OpenEvents): Promise<Results> {
  const { schema, whole: document, operationName, variables: variableValues } = operation
  const result = await subscribe({
    ...{ schema, document, operationName, variableValues },
    subscribeFieldResolver: async (_root, args, _context, { fieldName }) => {
      const events = await open(fieldName, args)
      return named(fieldName, events)
    },
  })
  if (Symbol.asyncIterator in result) return result
  throw problemOf(result.errors?.[0])
}

/** Fields of the root are looked for by their names. */
async function* named(field: string, events: AsyncIterable<unknown>) {
  for await (const data of events) yield { [field]: data }
}

const problemOf = (error: GraphQLError | undefined) =>
  error?.originalError instanceof Problem
    ? error.originalError
    : new Error('a subscription could not be opened', { cause: error })
