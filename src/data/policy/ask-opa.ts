import { Problem } from '../../contract/index.ts'
import type { PolicyDecision, PolicyQuestion, PolicyRequest } from '../../kernel/index.ts'
import { activeTraceparent } from '../../telemetry/index.ts'

const RETRY_AFTER_SECONDS = 1

/**
 * Asks an Open Policy Agent: the document at `url` is true or false, or `{ allow, reason }`; one that is undefined refuses.
 * Throws a Problem 503 where it does not answer in time, or answers anything else.
 * @see https://www.openpolicyagent.org/docs/rest-api#get-a-document-with-input
 */
export async function askOpa(
  { url, timeoutMs }: { readonly url: string; readonly timeoutMs: number },
  { caller, action, type, attributes }: PolicyQuestion,
  { signal, correlationId, traceparent }: PolicyRequest,
): Promise<PolicyDecision> {
  const { sub, roles = [], scopes = [], tenant, client } = caller
  const input = { caller: { sub, roles, scopes, tenant, client }, action, type, object: attributes ?? null }
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-correlation-id': correlationId,
        ...(activeTraceparent() ? {} : { traceparent }),
      },
      body: JSON.stringify({ input }),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    if (!response.ok) throw new Error(`it answered ${response.status}: ${(await response.text()).slice(0, 200)}`)
    return toDecision(await response.json())
  } catch (cause) {
    signal.throwIfAborted()
    throw new Problem('unavailable', 503, 'Who may do this cannot be decided right now.', {
      ...{ cause, retryAfterSeconds: RETRY_AFTER_SECONDS },
    })
  }
}

function toDecision(answer: unknown): PolicyDecision {
  if (typeof answer !== 'object' || answer === null) throw new Error('it did not answer as OPA does')
  const { result } = answer as { readonly result?: unknown }
  if (result === undefined) return { allowed: false, reason: 'the document of OPA is undefined' }
  const { allow, reason } = (typeof result === 'boolean' ? { allow: result } : Object(result)) as {
    readonly allow?: unknown
    readonly reason?: unknown
  }
  if (typeof allow !== 'boolean') throw new Error('its document is neither true or false nor { allow, reason }')
  return { allowed: allow, reason: typeof reason === 'string' ? reason : 'OPA' }
}
