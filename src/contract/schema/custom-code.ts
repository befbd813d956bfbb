import type * as z from 'zod'

type GuardedCheck = z.core.$ZodCheck<never>
type Transform = (value: unknown, payload: z.core.ParsePayload) => unknown

/** The same check; where it throws, or answers with a promise, that is a fault of the value that it was given. */
export function guardCheck(check: GuardedCheck): GuardedCheck {
  if (!isCustomCode(check)) return check
  const judge = check._zod.check as (payload: z.core.ParsePayload) => unknown
  const guarded = (payload: z.core.ParsePayload) => {
    const { value } = payload
    callCustomCode(payload, () => judge(payload) ?? payload.value)
    if (payload.value instanceof Promise) payload.value = value
  }
  // All else is the original's: what a schema says of itself is read from its checks.
  return Object.create(check, { _zod: { value: Object.create(check._zod, { check: { value: guarded } }) } })
}

/** The same transform, with the same promise. */
export const guardTransform =
  (transform: Transform): Transform =>
  (value, payload) =>
    callCustomCode(payload, () => transform(value, payload))

/** The same test of a format: what it cannot judge has it not. */
export const guardFormat = (test: (text: string) => unknown) => (text: string) => {
  try {
    return test(text)
  } catch {
    return false
  }
}

/** The same value in the place of what is refused; undefined for nobody's, where it depends on what it was given. */
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

function callCustomCode(payload: z.core.ParsePayload, judge: () => unknown): unknown {
  const refuse = (why: string) => {
    const message = `Cannot be judged: its contract's own check ${why}`
    payload.issues.push({ code: 'custom', input: payload.value, path: [], message })
    return undefined
  }
  try {
    const answer = judge()
    if (!(answer instanceof Promise)) return answer
    answer.catch(() => {})
    return refuse('is async')
  } catch (fault) {
    return refuse(`throws ${fault instanceof Error ? `a ${fault.name}` : 'what is no Error'}`)
  }
}

/** The part of the def of a schema, or of one of its checks, that has code of the contract's own. */
interface CodeDef {
  readonly check?: string
  readonly fn?: (value: unknown) => unknown
  readonly transform?: CustomTransform
}

type CustomTransform = (value: unknown, payload: unknown) => unknown
type Check = z.core.$ZodCheck<never>

/**
 * Whether a schema's own check or transform answers with a promise. An async function does so whatever it is given, so
 * that one call with nothing tells; what any other makes of nothing does not count.
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

/** Whether a check is code that the contract brings along, and none of zod's. */
function isCustomCode(check: Check): boolean {
  const { check: kind, fn } = check._zod.def as CodeDef
  return kind === 'custom' || kind === 'overwrite' || fn !== undefined
}

/** What a check answers for nothing; one that overwrites says so by what it writes. */
function runCheck(check: Check): unknown {
  const payload = emptyPayload()
  return check._zod.check(payload as never) ?? payload.value
}

const emptyPayload = () => ({ value: undefined, issues: [], addIssue: () => {} })

function returnsPromise(call: () => unknown): boolean {
  try {
    const answer = call()
    if (!(answer instanceof Promise)) return false
    // Nobody waits for it, so its rejection must not be one that nobody handled.
    answer.catch(() => {})
    return true
  } catch {
    return false
  }
}
