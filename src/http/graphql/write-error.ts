import type { GraphQLError, GraphQLFormattedError } from 'graphql'
import { Problem } from '../../contract/index.ts'
import { type Correlation, redactSecrets } from '../../kernel/index.ts'

const INTERNAL = 'Something went wrong here; the correlation id finds it in our logs.'

/** What went wrong with a field, or with a part of the response. */
export type FieldError = Pick<GraphQLError, 'originalError' | 'message'> &
  Partial<Pick<GraphQLError, 'path' | 'locations'>>

interface ErrorWriterOptions extends Pick<Correlation, 'correlationId'> {
  readonly log: { readonly error: (fields: object, text: string) => void }
}

/**
 * Writes the errors of fields as callers get them: a problem with its code, status and details; whatever else is an error of ours,
 * which is logged, and whose text stays inside.
 */
export function createErrorWriter({ correlationId, log }: ErrorWriterOptions) {
  return ({ originalError, message, path = [], locations = [] }: FieldError): GraphQLFormattedError => {
    const problem = originalError instanceof Problem ? originalError : undefined
    // What GraphQL itself finds wrong with a value is a fault of the resolver that returned it.
    if (!problem || problem.status >= 500)
      log.error({ err: originalError ?? new Error(message), path }, 'a field failed')
    const { code = 'internal', status = 500, details = [], data } = problem ?? {}
    return {
      message: redactSecrets(problem?.message ?? INTERNAL),
      ...(locations.length > 0 ? { locations: locations.map(({ line, column }) => ({ line, column })) } : {}),
      path,
      extensions: {
        ...{ code, status, correlationId },
        ...(details.length > 0 ? { details } : {}),
        ...(data === undefined ? {} : { data }),
      },
    }
  }
}
