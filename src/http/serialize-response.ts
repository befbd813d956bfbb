import { validateHeaderName, validateHeaderValue } from 'node:http'
import { compileLocation, isTransient, PLATFORM_CODES, Problem, problemJson, toOutput } from '../contract/index.ts'
import type { ClaimResult, Correlation, StoredResponse } from '../kernel/index.ts'
import type { Contract } from './implement.ts'
import { findUnsafeText } from './json.ts'

const EMPTY_BODY = ''
/** Of the headers that a refusal brings along, names and values together: half of what Node's parser takes in an answer. */
const MAX_HEADER_LENGTH = 8_000

/** Turns what a handler returned or threw into the bytes of an answer, as its contract says. */
export function createResponseSerializer(contract: Contract) {
  const reply = contract.kind === 'endpoint' && 'body' in contract.reply ? contract.reply : undefined
  const schema = reply?.body && toOutput(reply.body)
  const locate = reply?.location === undefined ? undefined : createLocator(reply.location)
  const status = contract.kind === 'endpoint' ? contract.reply.status : 204
  const empty: StoredResponse = { status: schema ? 204 : status, headers: {}, body: EMPTY_BODY }
  const failures = contract.failures ?? {}
  /** Whether this answer holds for good, and is replayed under its key; a transient one frees the key. */
  const isFinal = (fault: unknown): fault is Problem =>
    fault instanceof Problem && Object.hasOwn(failures, fault.code) && !isTransient(fault.status)

  return {
    empty,
    isFinal,
    /** Throws where the reply breaks its contract. */
    fromReply: (output: unknown, check: () => void): StoredResponse => {
      check()
      if (!schema) return empty
      const parsed = schema.safeParse(output)
      if (!parsed.success) throw new Error('the reply breaks its contract', { cause: parsed.error })
      const location = locate?.(parsed.data)
      const headers = { 'content-type': 'application/json', ...(location ? { location } : {}) }
      const body = JSON.stringify(parsed.data)
      const fault = findUnsafeText(body, 'reply')
      if (fault) throw new Error(`the reply breaks its contract: ${fault.path}: ${fault.message}`)
      return { status, headers, body }
    },
    /** Throws where its headers cannot be sent: they are stored with it, and every repetition would fail. */
    fromProblem: (problem: Problem, { correlationId }: Correlation): StoredResponse => {
      checkHeaders(problem)
      return {
        status: problem.status,
        headers: { 'content-type': 'application/problem+json', ...problem.headers },
        body: problemJson(problem, correlationId),
      }
    },
    /** A handler fails as its contract declares or as the platform does; any other Problem of its own is a fault. */
    toExpectedError: (fault: unknown): unknown => {
      if (!(fault instanceof Problem) || PLATFORM_CODES.has(fault.code) || Object.hasOwn(failures, fault.code))
        return fault
      return new Error(`the contract declares no failure ${fault.code}`, { cause: fault })
    },
    fromClaim: (claimed: Exclude<ClaimResult, { is: 'new' }>): StoredResponse => {
      if (claimed.is === 'finished') {
        return { ...claimed.answer, headers: { ...claimed.answer.headers, 'idempotency-replayed': 'true' } }
      }
      if (claimed.is === 'in-flight') {
        throw new Problem('in_progress', 409, 'A request with this Idempotency-Key is being handled right now.', {
          retryAfterSeconds: 1,
        })
      }
      throw new Problem(
        'idempotency_mismatch',
        422,
        'This Idempotency-Key was used for another request; take a new one.',
      )
    },
  }
}

function createLocator(template: string) {
  const locate = compileLocation(template)
  return (values: unknown): string => {
    try {
      return locate(Object(values))
    } catch (cause) {
      throw new Error('the reply breaks its contract', { cause })
    }
  }
}

function checkHeaders({ code, headers }: Problem) {
  let length = 0
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    length += name.length + value.length
  }
  if (length > MAX_HEADER_LENGTH)
    throw new Error(`the headers of ${code} have ${length} characters, and at most ${MAX_HEADER_LENGTH}`)
}
