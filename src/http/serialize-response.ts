import { validateHeaderName, validateHeaderValue } from 'node:http'
import { createJudgementSchema, isReceiver, isTransient, Problem, problemJson } from '../contract/index.ts'
import { type Correlation, redactSecrets, type StoredResponse } from '../kernel/index.ts'
import { createFailures } from './failures.ts'
import type { Contract } from './implement.ts'
import { compileReplies } from './replies/compile-replies.ts'

/** Of a Problem's headers, names and values together: half of what Node's parser accepts in a response. */
const MAX_HEADER_LENGTH = 8_000

/** Serialises what a handler returned or threw, as its contract says. */
export function createResponseSerializer(contract: Contract) {
  const serializeReply = compileOutput(contract)
  const { failures, toExpected } = createFailures(contract)
  /** Whether a failure is final, and is replayed under its key; a transient one frees the key. */
  const isFinal = (error: unknown): error is Problem =>
    error instanceof Problem && Object.hasOwn(failures, error.code) && !isTransient(error.status)

  return {
    empty: EMPTY,
    isFinal,
    /** Throws where the reply breaks its contract. */
    fromReply: (output: unknown, check: () => void): StoredResponse => {
      check()
      return serializeReply(output)
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
    toExpectedError: toExpected,
  }
}

const EMPTY: StoredResponse = { status: 204, headers: {}, body: '' }

function compileOutput(contract: Contract): (output: unknown) => StoredResponse {
  if (contract.kind === 'endpoint') return compileReplies(contract)
  if (isReceiver(contract)) return () => EMPTY
  return compileReplies({ reply: { status: 200, body: createJudgementSchema() } })
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
