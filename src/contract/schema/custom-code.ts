import type * as z from 'zod'
import { type Check, replaceCheck } from './schema-def.ts'

type Transform = (value: unknown, payload: z.core.ParsePayload) => unknown

/** The same check; where it throws or returns a promise, that is an issue of the value that it was given. */
export function guardCheck(check: Check): Check {
  if (!isCustomCode(check)) return check
  const run = check._zod.check as (payload: z.core.ParsePayload) => unknown
  return replaceCheck(check, (payload) => {
    const { value } = payload
    callCustomCode(payload, () => run(payload) ?? payload.value)
    if (payload.value instanceof Promise) payload.value = value
  })
}

/** The same transform, guarded in the same way. */
export const guardTransform =
  (transform: Transform): Transform =>
  (value, payload) =>
    callCustomCode(payload, () => transform(value, payload))

/** The same test of a format; a text for which it throws does not have the format. */
export const guardFormat = (test: (text: string) => unknown) => (text: string) => {
  try {
    return test(text)
  } catch {
    return false
  }
}

/** The same replacement for what is refused; undefined where zod asks for it without a value and it depends on one. */
export const guardCatch =
  (catchValue: (context?: z.core.$ZodCatchCtx) => unknown) =>
  (context?: z.core.$ZodCatchCtx): unknown => {
    if (context) return catchValue(context)
    try {
      return catchValue()
    } catch {
      return undefined
    }
  }

function callCustomCode(payload: z.core.ParsePayload, call: () => unknown): unknown {
  const refuse = (why: string) => {
    const message = `Cannot be validated: its contract's own check ${why}`
    payload.issues.push({ code: 'custom', input: payload.value, path: [], message })
    return undefined
  }
  try {
    const result = call()
    if (!(result instanceof Promise)) return result
    result.catch(() => {})
    return refuse('is async')
  } catch (error) {
    return refuse(`throws ${error instanceof Error ? `a ${error.name}` : 'what is no Error'}`)
  }
}

/** The part of the def of a schema, or of one of its checks, that has code of the contract's own. */
interface CodeDef {
  readonly check?: string
  readonly fn?: (value: unknown) => unknown
  readonly transform?: (value: unknown, payload: unknown) => unknown
}

/** Whether a check is code that the contract brings along, and none of zod's. */
function isCustomCode(check: Check): boolean {
  const { check: kind, fn } = check._zod.def as CodeDef
  return kind === 'custom' || kind === 'overwrite' || fn !== undefined
}

/**
 * Whether a schema's own check or transform returns a promise. An async function does so for any argument, so one call
 * without a value shows it; whatever else such a call returns or throws does not count.
 */
export function isAsync(schema: z.ZodType): boolean {
  // zod types the def of each schema more narrowly; each has these parts or lacks them.
  const { fn, transform, checks = [] } = schema.def as CodeDef & { readonly checks?: readonly Check[] }
  const calls: readonly (() => unknown)[] = [
    ...(fn ? [() => fn('')] : []),
    ...(transform ? [() => transform(undefined, emptyPayload())] : []),
    ...checks.filter(isCustomCode).map((check) => () => runCheck(check)),
  ]
  return calls.some(returnsPromise)
}

/** What a check returns for undefined, or, where it overwrites its value, what it writes. */
function runCheck(check: Check): unknown {
  const payload = emptyPayload()
  return check._zod.check(payload as never) ?? payload.value
}

const emptyPayload = () => ({ value: undefined, issues: [], addIssue: () => {} })

function returnsPromise(call: () => unknown): boolean {
  try {
    const result = call()
    if (!(result instanceof Promise)) return false
    // Its rejection must not count as unhandled.
    result.catch(() => {})
    return true
  } catch {
    return false
  }
}
