import { Problem } from 'ebb/contract'
import type * as z from 'zod'

/** The value as the schema has it; a Problem 400 that names every fault otherwise. */
export function parseInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: 'body' | 'query' | 'params',
): z.output<S> {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const details = parsed.error.issues.map(({ path, message }) => ({ path: [part, ...path].join('.'), message }))
  throw new Problem('invalid_request', 400, 'The request does not fit; see details.', { details })
}
