import type * as z from 'zod'

type Check = z.core.$ZodCheck<never>

/**
 * The same check of a whole step, to the last digit, as readers of the document make it; zod allows for the rounding of
 * fractions, which beyond 2^51 lets every number through.
 */
export function exactMultiple(check: Check): Check {
  // zod types each check's def more narrowly; that of a multiple has the step as its value.
  const { check: kind, value: step } = check._zod.def as unknown as { readonly check: string; readonly value: unknown }
  if (kind !== 'multiple_of' || !Number.isInteger(step)) return check
  const divisor = Number(step)
  const judge = (payload: z.core.ParsePayload) => {
    if (Number(payload.value) % divisor === 0) return
    payload.issues.push({
      code: 'not_multiple_of',
      origin: 'number',
      divisor,
      input: payload.value as number,
      inst: check,
    })
  }
  // All else is the original's: what a schema says of itself is read from its checks.
  return Object.create(check, { _zod: { value: Object.create(check._zod, { check: { value: judge } }) } })
}
