import type * as z from 'zod'
import { Problem, type ValidationIssue } from '../problem.ts'
import { toInput } from '../schema/strict-schema.ts'
import { toOutput } from '../schema/strip-schema.ts'
import { applyOperations } from './apply-operations.ts'
import type { JsonPatch } from './json-patch.ts'
import { hasOwn, isObject, PatchError, setOwn } from './json-value.ts'

/**
 * Applies the body of a PATCH, of `mergePatch()` or of `jsonPatch()`, to what is stored, and returns what is to be stored: all that
 * the schema has, and nothing else, so that a patch can touch nothing else. Throws 422 `invalid_patch` where an operation finds
 * nothing, a `test` fails, or the result breaks the schema; what is stored stays as it was.
 * @example
 * const Order = z.object({ quantity: z.int().min(1), note: z.string().optional() })
 * const row = { quantity: 1, note: 'soon', owner: 'ada' }
 * const next = applyPatch(Order, row, { quantity: 2, note: null })
 * console.log(next) // { quantity: 2 }
 * @see docs/guide/29-replies.md
 */
export function applyPatch<S extends z.ZodType>(
  schema: S,
  document: z.input<S>,
  patch: JsonPatch | object,
): z.output<S> {
  const { input, output } = compiled(schema)
  const current = output.safeParse(document)
  if (!current.success) throw new Error('what is stored breaks the schema of its patch', { cause: current.error })
  const patched = apply(current.data, patch)
  const { success, data, error } = input.safeParse(patched)
  if (!success) throw invalid(error.issues.map(({ path, message }) => ({ path: pathOf(path), message })))
  // It is a clone of the schema, with the same output.
  return data as z.output<S>
}

function apply(current: unknown, patch: JsonPatch | object): unknown {
  try {
    // Of a JSON Patch that was validated.
    if (Array.isArray(patch)) return applyOperations(structuredClone(current), patch as JsonPatch)
    return merge(current, patch)
  } catch (error) {
    if (error instanceof PatchError) throw invalid([{ path: error.path, message: error.message }])
    throw error
  }
}

/** RFC 7396, 2. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else if (value !== undefined) setOwn(merged, name, merge(hasOwn(merged, name) ? merged[name] : undefined, value))
  }
  return merged
}

interface Compiled {
  readonly input: z.ZodType
  readonly output: z.ZodType
}

const schemas = new WeakMap<z.ZodType, Compiled>()

function compiled(schema: z.ZodType): Compiled {
  const known = schemas.get(schema)
  if (known) return known
  const made = { input: toInput(schema), output: toOutput(schema) }
  schemas.set(schema, made)
  return made
}

const MAX_ISSUES = 50

const invalid = (details: readonly ValidationIssue[]) =>
  new Problem('invalid_patch', 422, 'The patch does not fit what it changes; see details.', {
    details: details.slice(0, MAX_ISSUES),
  })

const pathOf = (path: readonly PropertyKey[]) =>
  ['patched', ...path.map((name) => String(name).slice(0, 200))].join('.')
