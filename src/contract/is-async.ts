import type * as z from 'zod'

/** The part of the def of a schema, or of one of its checks, that has code of the contract's own. */
interface CodeDef {
  readonly check?: string
  readonly fn?: (value: unknown) => unknown
  readonly transform?: Transform
}

type Transform = (value: unknown, payload: unknown) => unknown
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
    ...checks.filter(isOwnCode).map((check) => () => runAlone(check)),
  ]
  return calls.some(answersPromise)
}

/** Whether a check is code that the contract brings along, and none of zod's. */
export function isOwnCode(check: Check): boolean {
  const { check: kind, fn } = check._zod.def as CodeDef
  return kind === 'custom' || kind === 'overwrite' || fn !== undefined
}

/** What a check answers for nothing; one that overwrites says so by what it writes. */
function runAlone(check: Check): unknown {
  const payload = emptyPayload()
  return check._zod.check(payload as never) ?? payload.value
}

const emptyPayload = () => ({ value: undefined, issues: [], addIssue: () => {} })

function answersPromise(call: () => unknown): boolean {
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
