import { equal, ok } from 'node:assert/strict'
import type { ConformanceResponse } from './client.ts'

/** A refusal as callers see it. */
export interface ProblemBody {
  readonly status: number
  readonly error: string
  readonly message: string
  readonly correlationId: string
  readonly type: string
  readonly title: string
  readonly detail: string
  readonly instance: string
  readonly details?: readonly { readonly path: string; readonly message: string }[]
}

export function assertStatus(answer: ConformanceResponse, status: number) {
  const { text } = answer
  equal(answer.status, status, `it answers ${answer.status} instead of ${status}: ${text.slice(0, 300)}`)
}

/** Expects the problem of this status and code, with everything that each has. */
export function assertProblem(answer: ConformanceResponse, status: number, code: string): ProblemBody {
  assertStatus(answer, status)
  equal(answer.headers['content-type'], 'application/problem+json')
  const refusal = answer.json<ProblemBody>()
  equal(refusal.status, status, `its body says ${refusal.status}`)
  equal(refusal.error, code, `its code is ${refusal.error} instead of ${code}: ${refusal.message}`)
  ok(typeof refusal.message === 'string' && refusal.message.length > 0, 'it has no message')
  const { type, title, detail, instance } = refusal
  ok(type.endsWith(`/${code}`) && title.length > 0 && instance.startsWith(type), 'it is no problem of RFC 9457')
  equal(detail, refusal.message, 'its detail is not its message')
  equal(refusal.correlationId, answer.headers['x-correlation-id'], 'body and header have two correlation ids')
  return refusal
}

/** Expects a 400 that names these issues, each by its path, and no others. */
export function assertIssues(answer: ConformanceResponse, ...paths: readonly string[]) {
  const { details = [] } = assertProblem(answer, 400, 'invalid_request')
  equal(
    details
      .map(({ path }) => path)
      .sort()
      .join(),
    [...paths].sort().join(),
  )
  for (const { path, message } of details) ok(message, `${path} has no message`)
}

/** Expects the first response again, to the byte, and that it says so. */
export function assertReplay(answer: ConformanceResponse, first: ConformanceResponse) {
  assertStatus(answer, first.status)
  equal(answer.text, first.text, 'a replay has another body')
  for (const name of ['content-type', 'location']) {
    equal(answer.headers[name], first.headers[name], `a replay has another ${name}`)
  }
  equal(answer.headers['idempotency-replayed'], 'true', 'a replay does not say that it is one')
}

/** Expects whole seconds to wait. */
export function assertRetryAfter({ headers }: ConformanceResponse): number {
  const value = headers['retry-after'] ?? ''
  ok(/^[1-9]\d*$/.test(value), `its Retry-After is "${value}"`)
  return Number(value)
}
