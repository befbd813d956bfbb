import type { EndpointContract } from './endpoint-shape.ts'
import { failuresOf } from './failures.ts'
import { PLATFORM_CODES } from './problem.ts'
import { repliesOf } from './reply.ts'
import { pathsIn } from './schema/paths-in.ts'
import { toOutput } from './schema/strip-schema.ts'

/** Compares the answers of an endpoint with what its contract promises to callers. */
export interface ReplyChecks {
  /** Whether the contract, or the platform, has an answer of this status. An error that nobody has declared is a 500. */
  readonly isDeclared: (status: number) => boolean
  /** Whether an answer of this status has a JSON body that can be compared. */
  readonly hasBody: (status: number) => boolean
  readonly fits: (status: number, body: unknown) => boolean
  /** The paths that the body of a reply of this status may have; undefined in a bundle of before reads were copied. */
  readonly pathsOf?: (status: number) => ReadonlySet<string>
}

/** What the platform itself refuses with (src/deploy/openapi-refusals.ts), and what a function answers while it is busy, late or away. */
const PLATFORM_STATUSES = [
  304, 400, 401, 403, 404, 408, 409, 412, 413, 415, 417, 422, 426, 428, 429, 431, 502, 503, 504,
]

/** Compiles the replies of a contract when one of them is first compared. */
export function createReplyChecks(contract: EndpointContract): ReplyChecks {
  const failures = failuresOf(contract)
  const replies = repliesOf(contract)
  const declared = new Set([
    ...PLATFORM_STATUSES,
    ...replies.map(({ status }) => status),
    ...Object.values(failures).map(({ status }) => status),
    // What a partial request gets.
    ...(replies.some(({ status }) => status === 200) ? [206, 416] : []),
  ])
  const compiled = new Map<number, ReturnType<typeof toOutput>>()
  const paths = new Map<number, ReadonlySet<string>>()
  const bodyOf = (status: number) => replies.find((reply) => reply.status === status && !reply.stream)?.body
  const schemaOf = (status: number) => {
    const body = bodyOf(status)
    const schema = compiled.get(status) ?? (body && toOutput(body))
    if (schema) compiled.set(status, schema)
    return schema
  }
  return {
    isDeclared: (status) => declared.has(status),
    hasBody: (status) => status >= 400 || bodyOf(status) !== undefined,
    pathsOf: (status) => {
      const body = bodyOf(status)
      const known = paths.get(status) ?? (body ? pathsIn(body) : new Set())
      paths.set(status, known)
      return known
    },
    fits: (status, body) => {
      if (status < 400) return schemaOf(status)?.safeParse(body).success !== false
      const { error } = Object(body)
      return PLATFORM_CODES.has(error) || Object.hasOwn(failures, error)
    },
  }
}
