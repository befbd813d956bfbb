import type { JsonSchema } from '../json-schema.ts'
import type { Misfit } from './misfit.ts'

type Bound = Pick<JsonSchema, 'minLength' | 'maxLength' | 'minItems' | 'maxItems'>

/** Where texts that `sub` allows break a rule of `sup`. Two patterns are alike only if they are the same. */
export function stringMisfits(sub: JsonSchema, sup: JsonSchema, path: string): readonly Misfit[] {
  const misfits = sizeMisfits(sub, sup, { min: 'minLength', max: 'maxLength', path })
  for (const keyword of ['format', 'pattern'] as const) {
    const has = rulesOf(sub, keyword)
    const broken = rulesOf(sup, keyword).filter((rule) => !has.includes(rule))
    // A format's pattern says the same once more.
    if (broken.length > 0)
      return [...misfits, bound(path, keyword, has.join(' and ') || undefined, broken.join(' and '))]
  }
  return misfits
}

/** Where numbers that `sub` allows break a rule of `sup`. */
export function numberMisfits(sub: JsonSchema, sup: JsonSchema, path: string): readonly Misfit[] {
  const misfits: Misfit[] = []
  const [lower, upper] = [lowest(sub), highest(sub)]
  const [from, to] = [lowest(sup), highest(sup)]
  if (from.at > lower.at || (from.at === lower.at && from.open && !lower.open)) {
    misfits.push(bound(path, 'minimum', said(lower), said(from)))
  }
  if (to.at < upper.at || (to.at === upper.at && to.open && !upper.open)) {
    misfits.push(bound(path, 'maximum', said(upper), said(to)))
  }
  const step = sup.multipleOf
  const steps = sub.multipleOf ?? (sub.type === 'integer' ? 1 : undefined)
  if (step !== undefined && (steps === undefined || steps % step !== 0)) {
    misfits.push(bound(path, 'multipleOf', sub.multipleOf, step))
  }
  return misfits
}

/** Where the lengths that `sub` allows are too small or too large for `sup`. */
export function sizeMisfits(
  sub: JsonSchema,
  sup: JsonSchema,
  { min, max, path }: { readonly min: keyof Bound; readonly max: keyof Bound; readonly path: string },
): readonly Misfit[] {
  const tooSmall = (sup[min] ?? 0) > (sub[min] ?? 0)
  const tooLarge = (sup[max] ?? Infinity) < (sub[max] ?? Infinity)
  return [
    ...(tooSmall ? [bound(path, min, sub[min], sup[min])] : []),
    ...(tooLarge ? [bound(path, max, sub[max], sup[max])] : []),
  ]
}

/** Formats or patterns: zod writes several of them into `allOf`. */
export const rulesOf = (schema: JsonSchema, keyword: 'format' | 'pattern'): readonly string[] =>
  [schema, ...(schema.allOf ?? [])].flatMap((part) => part[keyword] ?? [])

const bound = (path: string, keyword: string, has: unknown, wants: unknown): Misfit => ({
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
/** The ends of a double's whole numbers are no rule of anybody's. */
const said = ({ at, open }: End) =>
  Math.abs(at) < Number.MAX_SAFE_INTEGER ? `${at}${open ? ' (excluded)' : ''}` : undefined
