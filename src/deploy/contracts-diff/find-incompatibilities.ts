import type { JsonSchema } from '../json-schema.ts'
import { compareNumbers, compareSizes, compareStrings, isValueAllowed } from './compare-scalars.ts'
import type { Incompatibility, Position } from './finding.ts'
import {
  acceptsAnything,
  alternativesOf,
  areDifferentVariants,
  partOf,
  resolveRef,
  type SchemaNode,
  splitByChoice,
} from './schema-node.ts'

/** The pairs that are being compared: one that comes again inside itself is taken to fit, since the rest decides. */
type ComparedPairs = readonly (readonly [JsonSchema, JsonSchema])[]

/**
 * Every way in which a value that one of `subs` allows fits none of `sups`; none where all fit. Sound but for what JSON
 * Schema leaves out (zod's refinements); two patterns that differ count as a misfit, since nobody can tell.
 */
export function findIncompatibilities(
  subs: readonly SchemaNode[],
  sups: readonly SchemaNode[],
  place: Position,
  under: ComparedPairs = [],
): readonly Incompatibility[] {
  const [sub, sup] = [subs, sups].map(([node, ...others]) =>
    node && others.length === 0 ? resolveRef(node).schema : undefined,
  )
  if (!sub || !sup) return compareAlternatives(subs, sups, place, under)
  if (under.some(([a, b]) => a === sub && b === sup)) return []
  return compareAlternatives(subs, sups, place, [...under, [sub, sup]])
}

function compareAlternatives(
  subs: readonly SchemaNode[],
  sups: readonly SchemaNode[],
  place: Position,
  under: ComparedPairs,
): readonly Incompatibility[] {
  const options = sups.flatMap((sup) => alternativesOf(sup))
  if (options.some(acceptsAnything)) return []
  return subs.flatMap((sub) => alternativesOf(sub)).flatMap((one) => compareOne(one, options, place, under))
}

/** Of the options that nearly fit, the nearest says why. */
function compareOne(
  one: SchemaNode,
  options: readonly SchemaNode[],
  place: Position,
  under: ComparedPairs,
): readonly Incompatibility[] {
  const { path } = place
  const tries = options.map((option) => compareAtoms(one, option, place, under))
  if (tries.some((tried) => tried.length === 0) || isWholeBoolean(one, options)) return []
  const variants = splitByChoice(one, options)
  if (variants) return variants.flatMap((variant) => compareOne(variant, options, place, under))
  const near = tries.flatMap((tried, i) => {
    const option = options[i]
    const isOfAnotherKind = tried.some((misfit) => misfit.path === path && isKind(misfit))
    return option && !isOfAnotherKind ? [{ tried, apart: Number(areDifferentVariants(one, option)) }] : []
  })
  const [nearest] = near.toSorted((a, b) => a.apart - b.apart || a.tried.length - b.tried.length)
  // A variant that the other side does not have is told by its name; what else it has says nothing.
  if (nearest) return nearest.apart ? nearest.tried.filter(({ kind }) => kind === 'value') : nearest.tried
  const { const: value } = one.schema
  if (value !== undefined) return [{ kind: 'value', path, what: JSON.stringify(value) }]
  return [{ kind: 'type', path, what: nameOf(one.schema, options) }]
}

const isKind = ({ kind }: Incompatibility) => kind === 'type' || kind === 'value'

const isWholeBoolean = ({ schema }: SchemaNode, options: readonly SchemaNode[]) =>
  schema.type === 'boolean' && [true, false].every((value) => options.some((option) => option.schema.const === value))

function nameOf({ type }: JsonSchema, options: readonly SchemaNode[]): string {
  const names: Readonly<Record<string, string>> = { integer: 'whole number', undefined: 'value of any kind' }
  if (type === 'number' && options.some(({ schema }) => schema.type === 'integer')) return 'a fraction'
  const name = names[String(type)] ?? String(type)
  const isListed = options.some(({ schema }) => schema.const !== undefined && schema.type === type)
  return isListed ? `any other ${name}` : `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}

/** Neither of the two is a reference or a union. */
function compareAtoms(
  sub: SchemaNode,
  sup: SchemaNode,
  place: Position,
  under: ComparedPairs,
): readonly Incompatibility[] {
  const { path, text = false } = place
  const [a, b] = [sub.schema, sup.schema]
  if (text && b.type === 'array' && a.type !== 'array' && typeof b.items === 'object') {
    const few = compareSizes({ minItems: 1, maxItems: 1 }, b, { min: 'minItems', max: 'maxItems', path })
    return [...few, ...findIncompatibilities([sub], [partOf(sup, b.items)], place, under)]
  }
  if (a.const !== undefined) {
    return isValueAllowed(a.const, b, { text }) ? [] : [{ kind: 'value', path, what: JSON.stringify(a.const) }]
  }
  if (text && b.type === 'string' && b.const === undefined && isWritable(a)) return compareText(b, path)
  const fits = a.type === b.type || (a.type === 'integer' && b.type === 'number')
  if (!fits || b.const !== undefined) return [{ kind: 'type', path, what: String(a.type) }]
  const compare = (subs: readonly SchemaNode[], sups: readonly SchemaNode[], at: string) =>
    findIncompatibilities(subs, sups, { ...place, path: at }, under)
  if (b.type === 'object') return compareObjects(sub, sup, place, compare)
  if (b.type === 'array') return compareArrays(sub, sup, place, compare)
  return b.type === 'string' ? compareStrings(a, b, path) : compareNumbers(a, b, path)
}

const isWritable = ({ type }: JsonSchema) => type === 'number' || type === 'integer' || type === 'boolean'
const compareText = (sup: JsonSchema, path: string) => compareStrings({ minLength: 1 }, sup, path)

type Compare = (subs: readonly SchemaNode[], sups: readonly SchemaNode[], at: string) => readonly Incompatibility[]

function compareArrays(
  sub: SchemaNode,
  sup: SchemaNode,
  { path }: Position,
  compare: Compare,
): readonly Incompatibility[] {
  const [a, b] = [sub.schema, sup.schema]
  const size = compareSizes(a, b, { min: 'minItems', max: 'maxItems', path })
  const [first, wanted] = [a.prefixItems ?? [], b.prefixItems ?? []]
  const elements = Array.from({ length: Math.max(first.length, wanted.length) }, (_, i) => i).flatMap((i) =>
    compareItem(first[i] ?? a.items, wanted[i] ?? b.items, `${path}[${i}]`),
  )
  return [...size, ...elements, ...compareItem(a.items, b.items, `${path}[]`)]

  // Where one of the two has no such element, its sizes have said so.
  function compareItem(from: JsonSchema['items'], to: JsonSchema['items'], at: string): readonly Incompatibility[] {
    return typeof from === 'object' && typeof to === 'object' ? compare([partOf(sub, from)], [partOf(sup, to)], at) : []
  }
}

type CompareParts = (subs: readonly SchemaNode[], sups: readonly SchemaNode[], at: string) => readonly Incompatibility[]

/** Where objects that `sub` allows do not fit `sup`: names that it wants or refuses, and values. */
function compareObjects(
  sub: SchemaNode,
  sup: SchemaNode,
  place: Position,
  compare: CompareParts,
): readonly Incompatibility[] {
  const { path, reader = false } = place
  const [a, b] = [sub.schema, sup.schema]
  const names = new Set([...namesOf(a), ...namesOf(b)])
  const found = [...names].flatMap((name): readonly Incompatibility[] => {
    const at = `${path}.${name}`
    const given = propertyOf(a, name)
    const taken = propertyOf(b, name)
    const isWanted = b.required?.includes(name) ?? false
    if (!given)
      return isWanted || (reader && namesOf(b).includes(name)) ? [{ kind: reader ? 'gone' : 'required', path: at }] : []
    if (!taken) return reader || b.additionalProperties !== false ? [] : [{ kind: 'unknown', path: at }]
    const isLacking = isWanted && !a.required?.includes(name)
    const values = compare([partOf(sub, given)], [partOf(sup, taken)], at)
    return isLacking ? [{ kind: 'required', path: at }, ...values] : values
  })
  return [...found, ...compareRecords(sub, sup, place, compare)]
}

const namesOf = ({ properties = {} }: JsonSchema) => Object.keys(properties)

/** What an object may have by that name. */
function propertyOf({ properties = {}, additionalProperties: rest }: JsonSchema, name: string): JsonSchema | undefined {
  if (Object.hasOwn(properties, name)) return properties[name]
  return typeof rest === 'object' ? rest : undefined
}

/** Names that no schema lists: those of records. */
function compareRecords(
  sub: SchemaNode,
  sup: SchemaNode,
  { path, reader }: Position,
  compare: CompareParts,
): readonly Incompatibility[] {
  const { additionalProperties: given, propertyNames: names = ANY_NAME } = sub.schema
  const { additionalProperties: taken, propertyNames: wanted = ANY_NAME } = sup.schema
  if (typeof given !== 'object') return []
  const at = `${path}[name]`
  if (typeof taken !== 'object') return taken === false && !reader ? [{ kind: 'unknown', path: at }] : []
  return [
    ...compare([partOf(sub, names)], [partOf(sup, wanted)], `the names in ${path}`),
    ...compare([partOf(sub, given)], [partOf(sup, taken)], at),
  ]
}

const ANY_NAME: JsonSchema = { type: 'string' }
