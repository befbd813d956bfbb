import type { JsonSchema } from '../../deploy/json-schema.ts'
import type { Random } from './random.ts'

/** So many steps from the lower end: a price is then rather 12 than 8,412,709. */
const MOST_STEPS = 1_000

/** A number within the bounds of its schema, as small as they allow. */
export function sampleNumber(schema: JsonSchema, random: Random): number {
  const step = schema.multipleOf ?? (schema.type === 'integer' ? 1 : 0.01)
  const most = upperOf(schema)
  const least = lowerOf(schema) ?? (most !== undefined && most < 1 ? most - MOST_STEPS * step : 1)
  const first = aboveOrAt(least, step, schema.exclusiveMinimum === least)
  const last = most === undefined ? first + MOST_STEPS : belowOrAt(most, step, schema.exclusiveMaximum === most)
  if (last < first) return (least + (most ?? least)) / 2
  // 3 * 0.1 is not 0.3 by itself.
  return Number((random.integer(first, Math.min(last, first + MOST_STEPS)) * step).toFixed(10))
}

const aboveOrAt = (bound: number, step: number, open: boolean) => {
  const steps = Math.ceil(bound / step)
  return open && steps * step === bound ? steps + 1 : steps
}
const belowOrAt = (bound: number, step: number, open: boolean) => {
  const steps = Math.floor(bound / step)
  return open && steps * step === bound ? steps - 1 : steps
}

const lowerOf = ({ minimum, exclusiveMinimum }: JsonSchema) => meant(minimum, exclusiveMinimum, Math.max)
const upperOf = ({ maximum, exclusiveMaximum }: JsonSchema) => meant(maximum, exclusiveMaximum, Math.min)

/** The ends of a double's whole numbers are no rule of anybody's. */
function meant(one: number | undefined, other: number | undefined, choose: typeof Math.max): number | undefined {
  const bounds = [one, other].filter((bound) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER)
  return bounds.length > 0 ? choose(...bounds.map(Number)) : undefined
}
