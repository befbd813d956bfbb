import { validateHeaderName, validateHeaderValue } from 'node:http'
import {
  compileLocation,
  createJudgementSchema,
  failuresOf,
  isTransient,
  PLATFORM_CODES,
  Problem,
  problemJson,
  toOutput,
} from '../contract/index.ts'
import { type Correlation, containsSecret, redactSecrets, type StoredResponse } from '../kernel/index.ts'
import type { Contract } from './implement.ts'
import { findUnsafeText } from './json.ts'

const EMPTY_BODY = ''
/** Of a Problem's headers, names and values together: half of what Node's parser accepts in a response. */
const MAX_HEADER_LENGTH = 8_000

/** Serialises what a handler returned or threw, as its contract says. */
export function createResponseSerializer(contract: Contract) {
  const reply = contract.kind === 'endpoint' && 'body' in contract.reply ? contract.reply : undefined
  const schema = contract.kind === 'authorizer' ? createJudgementSchema() : reply?.body && toOutput(reply.body)
  const locate = reply?.location === undefined ? undefined : createLocator(reply.location)
  const status = contract.kind === 'endpoint' ? contract.reply.status : contract.kind === 'authorizer' ? 200 : 204
  const empty: StoredResponse = { status: schema ? 204 : status, headers: {}, body: EMPTY_BODY }
  const failures = failuresOf(contract)
  /** Whether a failure is final, and is replayed under its key; a transient one frees the key. */
  const isFinal = (error: unknown): error is Problem =>
    error instanceof Problem && Object.hasOwn(failures, error.code) && !isTransient(error.status)

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
      const issue = findUnsafeText(body, 'reply')
      if (issue) throw new Error(`the reply breaks its contract: ${issue.path}: ${issue.message}`)
      if (containsSecret(body))
        throw new Error('the reply holds the value of a secret, which must not leave the function')
      return { status, headers, body }
    },
    /** Throws where its headers cannot be sent: they are stored with the response, and every replay would fail. */
    fromProblem: (problem: Problem, { correlationId }: Correlation): StoredResponse => {
      checkHeaders(problem)
      return {
        status: problem.status,
        headers: { 'content-type': 'application/problem+json', ...problem.headers },
        body: redactSecrets(problemJson(problem, correlationId)),
      }
    },
    /** A handler fails as its contract declares or as the platform does; any other Problem of its own is an error (500). */
    toExpectedError: (error: unknown): unknown => {
      if (!(error instanceof Problem) || PLATFORM_CODES.has(error.code) || Object.hasOwn(failures, error.code))
        return error
      return new Error(`the contract declares no failure ${error.code}`, { cause: error })
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
