import { isTransient, Problem, type ValidationIssue } from '../../contract/index.ts'
import type { StoredResponse } from '../../kernel/index.ts'
import type { Received, RequestContext } from '../context.ts'

/** How long the sender of a batch should wait before it sends that again, where no event says so. */
const RETRY_AFTER_SECONDS = 1

/**
 * Takes the events of a batch one after the other, each in a transaction of its own. Throws one Problem that names those which have
 * failed, by their places: 503 where one of them may succeed later, so that the batch is worth sending again, in which those that are
 * done have no second effect; 400 where all that failed were refused for good.
 */
export async function takeBatch(
  batch: readonly (() => Received)[],
  take: (received: Received) => Promise<StoredResponse>,
  { log }: Pick<RequestContext, 'log'>,
): Promise<StoredResponse> {
  const details: ValidationIssue[] = []
  let passing = false
  for (const [place, read] of batch.entries()) {
    try {
      await take(read())
    } catch (error) {
      const { code, status, message } = toEventProblem(error)
      if (status >= 500) log.error({ err: error, code, place }, 'an event of a batch failed')
      passing ||= isTransient(status)
      details.push({ path: `body.${place}`, message: `${code}: ${message}` })
    }
  }
  if (details.length === 0) return DONE
  const failed = `${details.length} of ${batch.length} events have failed`
  if (!passing) throw new Problem('invalid_request', 400, `${failed}, for good.`, { details })
  const options = { details, retryAfterSeconds: RETRY_AFTER_SECONDS }
  throw new Problem('unavailable', 503, `${failed}; send the batch again: what is done is not done twice.`, options)
}

const DONE: StoredResponse = { status: 204, headers: {}, body: '' }

/** What a sender is told of an event that has failed. */
export const toEventProblem = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem('internal', 500, 'Something went wrong here; the correlation id finds it in our logs.', {
        cause: error,
      })
