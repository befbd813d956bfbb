import type * as z from 'zod'
import { failuresOf, PLATFORM_CODES, Problem, toOutput } from '../contract/index.ts'
import { findUnsafeText } from './json.ts'

type FailingContract = Parameters<typeof failuresOf>[0]

/** What a handler says of a failure besides code and message. */
export interface FailOptions {
  readonly data?: unknown
}

/** Throws the failures of a contract, and tells them from what nobody expected. */
export function createFailures(contract: FailingContract) {
  const failures = failuresOf(contract)
  const schemas = new Map<string, z.ZodType>()
  for (const [code, { data }] of Object.entries(failures)) if (data) schemas.set(code, toOutput(data))

  const withData = (problem: Problem): Problem | Error => {
    const { code, status, message, headers, details, cause } = problem
    const schema = schemas.get(code)
    if (!schema && problem.data === undefined) return problem
    if (!schema) return new Error(`the contract declares no data of the failure ${code}`, { cause: problem })
    const parsed = schema.safeParse(problem.data)
    if (!parsed.success) return new Error(`the data of the failure ${code} break the contract`, { cause: parsed.error })
    const issue = findUnsafeText(JSON.stringify(parsed.data), 'data')
    if (issue) return new Error(`the data of the failure ${code} break the contract: ${issue.path}: ${issue.message}`)
    return new Problem(code, status, message, { headers, details, cause, data: parsed.data })
  }
  return {
    /** By code. */
    failures,
    fail: (code: string, message: string, options: FailOptions = {}): never => {
      throw new Problem(code, failures[code]?.status ?? 500, message, options)
    },
    /**
     * A handler fails as its contract declares, with the data that belong to that, or as the platform does; any other Problem of its own
     * is an error (500).
     */
    toExpected: (error: unknown): unknown => {
      if (!(error instanceof Problem) || PLATFORM_CODES.has(error.code)) return error
      if (Object.hasOwn(failures, error.code)) return withData(error)
      return new Error(`the contract declares no failure ${error.code}`, { cause: error })
    },
  }
}
