import type { GraphQLError, GraphQLFormattedError } from 'graphql'
import { Problem } from '../../contract/index.ts'
import { type Correlation, type Log, redactSecrets } from '../../kernel/index.ts'

const INTERNAL = 'Something went wrong here; the correlation id finds it in our logs.'

/**
 * Writes the errors of fields as callers get them: a problem with its code, status and details; whatever else is an error of ours,
 * which is logged, and whose text stays inside.
 */
export function createErrorWriter({ correlationId, log }: Pick<Correlation, 'correlationId'> & { readonly log: Log }) {
  return ({ originalError, message, path = [], locations = [] }: GraphQLError): GraphQLFormattedError => {
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
