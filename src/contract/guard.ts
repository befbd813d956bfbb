import type * as z from 'zod'
import { isOwnCode } from './is-async.ts'

type Check = z.core.$ZodCheck<never>
type Transform = (value: unknown, payload: z.core.ParsePayload) => unknown

/** The same check; where it throws, or answers with a promise, that is a fault of the value that it was given. */
export function guardCheck(check: Check): Check {
  if (!isOwnCode(check)) return check
  const judge = check._zod.check as (payload: z.core.ParsePayload) => unknown
  const guarded = (payload: z.core.ParsePayload) => {
    const { value } = payload
    attempt(payload, () => judge(payload) ?? payload.value)
    if (payload.value instanceof Promise) payload.value = value
  }
  // All else is the original's: what a schema says of itself is read from its checks.
  return Object.create(check, { _zod: { value: Object.create(check._zod, { check: { value: guarded } }) } })
}

/** The same transform, with the same promise. */
export const guardTransform =
  (transform: Transform): Transform =>
  (value, payload) =>
    attempt(payload, () => transform(value, payload))

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

function attempt(payload: z.core.ParsePayload, judge: () => unknown): unknown {
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
