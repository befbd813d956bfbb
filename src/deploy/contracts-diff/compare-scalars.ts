import type { JsonSchema } from '../json-schema.ts'
import type { Incompatibility } from './finding.ts'
import { typeOfValue } from './schema-node.ts'

type Bound = Pick<JsonSchema, 'minLength' | 'maxLength' | 'minItems' | 'maxItems'>

/** The rules of `sup` that texts which `sub` allows may break. Two patterns are alike only if they are the same. */
export function compareStrings(sub: JsonSchema, sup: JsonSchema, path: string): readonly Incompatibility[] {
  const found = compareSizes(sub, sup, { min: 'minLength', max: 'maxLength', path })
  for (const keyword of ['format', 'pattern'] as const) {
    const has = rulesOf(sub, keyword)
    const broken = rulesOf(sup, keyword).filter((rule) => !has.includes(rule))
    // A format's pattern would only repeat it.
    if (broken.length > 0) return [...found, bound(path, keyword, has.join(' and ') || undefined, broken.join(' and '))]
  }
  return found
}

/** The rules of `sup` that numbers which `sub` allows may break. */
export function compareNumbers(sub: JsonSchema, sup: JsonSchema, path: string): readonly Incompatibility[] {
  const found: Incompatibility[] = []
  const [lower, upper] = [lowest(sub), highest(sub)]
  const [from, to] = [lowest(sup), highest(sup)]
  if (from.at > lower.at || (from.at === lower.at && from.open && !lower.open)) {
    found.push(bound(path, 'minimum', showEnd(lower), showEnd(from)))
  }
  if (to.at < upper.at || (to.at === upper.at && to.open && !upper.open)) {
    found.push(bound(path, 'maximum', showEnd(upper), showEnd(to)))
  }
  const step = sup.multipleOf
  const steps = sub.multipleOf ?? (sub.type === 'integer' ? 1 : undefined)
  if (step !== undefined && (steps === undefined || !isMultiple(steps, step))) {
    found.push(bound(path, 'multipleOf', sub.multipleOf, step))
  }
  return found
}

/** Fractions are no exact numbers: 0.3 is three times 0.1, and leaves a rest. */
function isMultiple(number: number, step: number): boolean {
  if (Number.isInteger(number) && Number.isInteger(step)) return number % step === 0
  const times = number / step
  return Math.abs(times - Math.round(times)) < 1e-9
}

/** The limits of `sup` that lengths which `sub` allows may exceed. */
export function compareSizes(
  sub: JsonSchema,
  sup: JsonSchema,
  { min, max, path }: { readonly min: keyof Bound; readonly max: keyof Bound; readonly path: string },
): readonly Incompatibility[] {
  const tooSmall = (sup[min] ?? 0) > (sub[min] ?? 0)
  const tooLarge = (sup[max] ?? Infinity) < (sub[max] ?? Infinity)
  return [
    ...(tooSmall ? [bound(path, min, sub[min], sup[min])] : []),
    ...(tooLarge ? [bound(path, max, sub[max], sup[max])] : []),
  ]
}

/** Formats or patterns: zod writes several of them into `allOf`. */
const rulesOf = (schema: JsonSchema, keyword: 'format' | 'pattern'): readonly string[] =>
  [schema, ...(schema.allOf ?? [])].flatMap((part) => part[keyword] ?? [])

const bound = (path: string, keyword: string, has: unknown, wants: unknown): Incompatibility => ({
  ...{ kind: 'bound', path, keyword, has, wants },
})

interface End {
  readonly at: number
  /** Whether the end itself is excluded. */
  readonly open: boolean
}

const lowest = ({ type, minimum = -Infinity, exclusiveMinimum: open }: JsonSchema): End => {
  if (open === undefined || open < minimum) return { at: minimum, open: false }
  return type === 'integer' ? { at: Math.floor(open) + 1, open: false } : { at: open, open: true }
}
const highest = ({ type, maximum = Infinity, exclusiveMaximum: open }: JsonSchema): End => {
  if (open === undefined || open > maximum) return { at: maximum, open: false }
  return type === 'integer' ? { at: Math.ceil(open) - 1, open: false } : { at: open, open: true }
}
/** zod writes the largest safe integers as bounds of `z.int()`: no contract means them as a rule. */
const showEnd = ({ at, open }: End) =>
  Math.abs(at) < Number.MAX_SAFE_INTEGER ? `${at}${open ? ' (excluded)' : ''}` : undefined

/** Whether one listed value fits a schema that is neither a reference nor a union. A format without a pattern is refused. */
export function isValueAllowed(value: unknown, schema: JsonSchema, { text = false }: { text?: boolean } = {}): boolean {
  if (schema.const !== undefined) return text ? String(schema.const) === String(value) : schema.const === value
  const { type } = schema
  if (type === undefined) return true
  if (type === 'string' && (text || typeof value === 'string')) return isStringAllowed(String(value), schema)
  if (typeof value === 'number' && (type === 'number' || type === 'integer')) {
    if (type === 'integer' && !Number.isInteger(value)) return false
    return compareNumbers({ multipleOf: value, minimum: value, maximum: value }, schema, '').length === 0
  }
  return type === typeOfValue(value)
}

function isStringAllowed(value: string, schema: JsonSchema): boolean {
  const { minLength = 0, maxLength = Infinity } = schema
  const patterns = rulesOf(schema, 'pattern')
  const isDecidable = patterns.length >= rulesOf(schema, 'format').length
  return (
    value.length >= minLength &&
    value.length <= maxLength &&
    isDecidable &&
    patterns.every((pattern) => regExpOf(pattern).test(value))
  )
}

/** JSON Schema keeps no flags: most patterns mean the same with `u`, and some do not compile with it. */
function regExpOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}
