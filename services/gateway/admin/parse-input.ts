import { Problem, type ValidationIssue } from 'ebb/contract'
import type * as z from 'zod'
import { toInput } from '../../../src/contract/index.ts'
import { findUnsafeJson } from '../../../src/http/json.ts'

/** Returns the value as the schema has it, of what Postgres can hold. Throws a Problem 400 that names every issue. */
export function parseInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: 'body' | 'query' | 'params',
): z.output<S> {
  const given = value ?? {}
  const unsafe = findUnsafeJson(JSON.stringify(given), part)
  if (unsafe) throw invalid([unsafe])
  const parsed = toInput(schema).safeParse(given)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.map(({ path, message }) => ({ path: [part, ...path].join('.'), message })))
}

const invalid = (details: readonly ValidationIssue[]) =>
  new Problem('invalid_request', 400, 'The request does not fit; see details.', { details })
