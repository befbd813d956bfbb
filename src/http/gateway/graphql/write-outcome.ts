import { Problem } from '../../../contract/index.ts'
import type { OperationError } from '../../graphql/prepared-operation.ts'
import type { GatewayContext, Outcome, Reply } from '../context.ts'
import { mediaTypeFor } from './media-type.ts'

type Asked = Pick<GatewayContext, 'headers' | 'correlationId'>

/** The gateway's own refusal of an operation, as clients of GraphQL read it: the problem is in the `extensions` of its errors. */
export function toGraphqlOutcome(context: GatewayContext, outcome: Outcome): Outcome {
  if (!context.route?.graphql || !(outcome instanceof Problem)) return outcome
  return { ...writeProblem(context, outcome), shortCircuitReason: outcome.code }
}

/** A problem as a response of GraphQL; `errors` are what it is about in the text of the operation. */
export function writeProblem(context: Asked, problem: Problem, errors: readonly OperationError[] = [problem]): Reply {
  const { code, status, details, policy, headers } = problem
  const extensions = {
    ...{ code, status, correlationId: context.correlationId },
    ...(details.length > 0 ? { details } : {}),
    ...(policy === undefined ? {} : { policy }),
  }
  const written = errors.map(({ message, locations }) => ({ message, ...(locations ? { locations } : {}), extensions }))
  return {
    status,
    headers: { ...headers, 'content-type': mediaTypeFor(context), 'cache-control': 'no-store' },
    body: JSON.stringify({ errors: written }),
  }
}
