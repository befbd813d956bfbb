import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isTransient, PLATFORM_CODES, Problem, problemJson, toLocation, toOutput } from '../contract/index.ts'
import type { Claimed, Correlation, StoredAnswer } from '../kernel/index.ts'
import type { Contract } from './implement.ts'
import { whatIsNoTextIn } from './what-is-unsafe.ts'

const NOTHING = ''
/** Of the headers that a refusal brings along, names and values together: half of what Node's parser takes in an answer. */
const MAX_HEADER_LENGTH = 8_000

/** Turns what a handler returned or threw into the bytes of an answer, as its contract says. */
export function createAnswers(contract: Contract) {
  const reply = contract.kind === 'endpoint' && 'body' in contract.reply ? contract.reply : undefined
  const schema = reply?.body && toOutput(reply.body)
  const locate = reply?.location === undefined ? undefined : locator(reply.location)
  const status = contract.kind === 'endpoint' ? contract.reply.status : 204
  const empty: StoredAnswer = { status: schema ? 204 : status, headers: {}, body: NOTHING }
  const failures = contract.failures ?? {}
  /** Whether this answer holds for good, and is replayed under its key; a transient one frees the key. */
  const isFinal = (fault: unknown): fault is Problem =>
    fault instanceof Problem && Object.hasOwn(failures, fault.code) && !isTransient(fault.status)

  return {
    empty,
    isFinal,
    /** Throws where the reply breaks its contract. */
    reply: (output: unknown, check: () => void): StoredAnswer => {
      check()
      if (!schema) return empty
      const parsed = schema.safeParse(output)
      if (!parsed.success) throw new Error('the reply breaks its contract', { cause: parsed.error })
      const location = locate?.(parsed.data)
      const headers = { 'content-type': 'application/json', ...(location ? { location } : {}) }
      const body = JSON.stringify(parsed.data)
      const fault = whatIsNoTextIn(body, 'reply')
      if (fault) throw new Error(`the reply breaks its contract: ${fault.path}: ${fault.message}`)
      return { status, headers, body }
    },
    /** Throws where its headers cannot be sent: they are stored with it, and every repetition would fail. */
    problem: (problem: Problem, { correlationId }: Correlation): StoredAnswer => {
      checkHeaders(problem)
      return {
        status: problem.status,
        headers: { 'content-type': 'application/problem+json', ...problem.headers },
        body: problemJson(problem, correlationId),
      }
    },
    /** A handler fails as its contract declares or as the platform does; any other Problem of its own is a fault. */
    expected: (fault: unknown): unknown => {
      if (!(fault instanceof Problem) || PLATFORM_CODES.has(fault.code) || Object.hasOwn(failures, fault.code))
        return fault
      return new Error(`the contract declares no failure ${fault.code}`, { cause: fault })
    },
    claimed: (claimed: Exclude<Claimed, { is: 'new' }>): StoredAnswer => {
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

function locator(template: string) {
  const locate = toLocation(template)
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
