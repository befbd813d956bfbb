import type { JsonSchema } from '../json-schema.ts'
import { numberMisfits, sizeMisfits, stringMisfits } from './bounds.ts'
import { areApart, chosenApart } from './chosen-apart.ts'
import type { Misfit, Place } from './misfit.ts'
import { alternativesOf, isAnything, type Node, resolved, within } from './node.ts'
import { objectMisfits } from './object-misfits.ts'
import { valueFits } from './value-fits.ts'

/** The pairs that are being compared: one that comes again inside itself is taken to fit, since the rest decides. */
type Under = readonly (readonly [JsonSchema, JsonSchema])[]

/**
 * Every way in which a value that one of `subs` allows fits none of `sups`; none where all fit. Sound but for what JSON
 * Schema leaves out (zod's refinements); two patterns that differ count as a misfit, since nobody can tell.
 */
export function misfits(
  subs: readonly Node[],
  sups: readonly Node[],
  place: Place,
  under: Under = [],
): readonly Misfit[] {
  const [sub, sup] = [subs, sups].map(([node, ...others]) =>
    node && others.length === 0 ? resolved(node).schema : undefined,
  )
  if (!sub || !sup) return misfitsOf(subs, sups, place, under)
  if (under.some(([a, b]) => a === sub && b === sup)) return []
  return misfitsOf(subs, sups, place, [...under, [sub, sup]])
}

function misfitsOf(subs: readonly Node[], sups: readonly Node[], place: Place, under: Under): readonly Misfit[] {
  const options = sups.flatMap((sup) => alternativesOf(sup))
  if (options.some(isAnything)) return []
  return subs.flatMap((sub) => alternativesOf(sub)).flatMap((one) => fitOne(one, options, place, under))
}

/** Of the options that nearly fit, the nearest says why. */
function fitOne(one: Node, options: readonly Node[], place: Place, under: Under): readonly Misfit[] {
  const { path } = place
  const tries = options.map((option) => atomMisfits(one, option, place, under))
  if (tries.some((tried) => tried.length === 0) || isWholeBoolean(one, options)) return []
  const variants = chosenApart(one, options)
  if (variants) return variants.flatMap((variant) => fitOne(variant, options, place, under))
  const near = tries.flatMap((tried, i) => {
    const option = options[i]
    const isOfAnotherKind = tried.some((misfit) => misfit.path === path && isKind(misfit))
    return option && !isOfAnotherKind ? [{ tried, apart: Number(areApart(one, option)) }] : []
  })
  const [nearest] = near.toSorted((a, b) => a.apart - b.apart || a.tried.length - b.tried.length)
  // A variant that the other side does not have is told by its name; what else it has says nothing.
  if (nearest) return nearest.apart ? nearest.tried.filter(({ kind }) => kind === 'value') : nearest.tried
  const { const: value } = one.schema
  if (value !== undefined) return [{ kind: 'value', path, what: JSON.stringify(value) }]
  return [{ kind: 'type', path, what: nameOf(one.schema, options) }]
}

const isKind = ({ kind }: Misfit) => kind === 'type' || kind === 'value'

const isWholeBoolean = ({ schema }: Node, options: readonly Node[]) =>
  schema.type === 'boolean' && [true, false].every((value) => options.some((option) => option.schema.const === value))

function nameOf({ type }: JsonSchema, options: readonly Node[]): string {
  const names: Readonly<Record<string, string>> = { integer: 'whole number', undefined: 'value of any kind' }
  if (type === 'number' && options.some(({ schema }) => schema.type === 'integer')) return 'a fraction'
  const name = names[String(type)] ?? String(type)
  const isListed = options.some(({ schema }) => schema.const !== undefined && schema.type === type)
  return isListed ? `any other ${name}` : `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}

/** Neither of the two is a reference or a union. */
function atomMisfits(sub: Node, sup: Node, place: Place, under: Under): readonly Misfit[] {
  const { path, text = false } = place
  const [a, b] = [sub.schema, sup.schema]
  if (text && b.type === 'array' && a.type !== 'array' && typeof b.items === 'object') {
    const few = sizeMisfits({ minItems: 1, maxItems: 1 }, b, { min: 'minItems', max: 'maxItems', path })
    return [...few, ...misfits([sub], [within(sup, b.items)], place, under)]
  }
  if (a.const !== undefined) {
    return valueFits(a.const, b, { text }) ? [] : [{ kind: 'value', path, what: JSON.stringify(a.const) }]
  }
  if (text && b.type === 'string' && b.const === undefined && isWritable(a)) return textMisfits(b, path)
  const fits = a.type === b.type || (a.type === 'integer' && b.type === 'number')
  if (!fits || b.const !== undefined) return [{ kind: 'type', path, what: String(a.type) }]
  const compare = (subs: readonly Node[], sups: readonly Node[], at: string) =>
    misfits(subs, sups, { ...place, path: at }, under)
  if (b.type === 'object') return objectMisfits(sub, sup, place, compare)
  if (b.type === 'array') return arrayMisfits(sub, sup, place, compare)
  return b.type === 'string' ? stringMisfits(a, b, path) : numberMisfits(a, b, path)
}

const isWritable = ({ type }: JsonSchema) => type === 'number' || type === 'integer' || type === 'boolean'
const textMisfits = (sup: JsonSchema, path: string) => stringMisfits({ minLength: 1 }, sup, path)

type Compare = (subs: readonly Node[], sups: readonly Node[], at: string) => readonly Misfit[]

function arrayMisfits(sub: Node, sup: Node, { path }: Place, compare: Compare): readonly Misfit[] {
  const [a, b] = [sub.schema, sup.schema]
  const size = sizeMisfits(a, b, { min: 'minItems', max: 'maxItems', path })
  const [first, wanted] = [a.prefixItems ?? [], b.prefixItems ?? []]
  const elements = Array.from({ length: Math.max(first.length, wanted.length) }, (_, i) => i).flatMap((i) =>
    compareItem(first[i] ?? a.items, wanted[i] ?? b.items, `${path}[${i}]`),
  )
  return [...size, ...elements, ...compareItem(a.items, b.items, `${path}[]`)]

  // Where one of the two has no such element, its sizes have said so.
  function compareItem(from: JsonSchema['items'], to: JsonSchema['items'], at: string): readonly Misfit[] {
    return typeof from === 'object' && typeof to === 'object' ? compare([within(sub, from)], [within(sup, to)], at) : []
  }
}
