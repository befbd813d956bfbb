import { isDeepStrictEqual } from 'node:util'
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

/** The pairs that are being compared: one that occurs again inside itself counts as compatible, since the rest decides. */
type ComparedPairs = readonly (readonly [JsonSchema, JsonSchema])[]

/**
 * Every way in which a value that one of `subs` allows fits none of `sups`; none where all fit. Sound but for what JSON
 * Schema leaves out (zod's refinements); two patterns that differ count as incompatible, since that is undecidable here.
 */
export function findIncompatibilities(
  subs: readonly SchemaNode[],
  sups: readonly SchemaNode[],
  position: Position,
  compared: ComparedPairs = [],
): readonly Incompatibility[] {
  const [sub, sup] = [subs, sups].map(([node, ...others]) =>
    node && others.length === 0 ? resolveRef(node).schema : undefined,
  )
  if (!sub || !sup) return compareAlternatives(subs, sups, position, compared)
  if (compared.some(([a, b]) => a === sub && b === sup)) return []
  return compareAlternatives(subs, sups, position, [...compared, [sub, sup]])
}

function compareAlternatives(
  subs: readonly SchemaNode[],
  sups: readonly SchemaNode[],
  position: Position,
  compared: ComparedPairs,
): readonly Incompatibility[] {
  const options = sups.flatMap((sup) => alternativesOf(sup))
  if (options.some(acceptsAnything)) return []
  return subs
    .flatMap((sub) => alternativesOf(sub))
    .flatMap((alternative) => compareOne(alternative, options, position, compared))
}

/** Where no option fits, the incompatibilities with the nearest one. */
function compareOne(
  node: SchemaNode,
  options: readonly SchemaNode[],
  position: Position,
  compared: ComparedPairs,
): readonly Incompatibility[] {
  const { path } = position
  const tries = options.map((option) => compareAtoms(node, option, position, compared))
  if (tries.some((tried) => tried.length === 0) || isWholeBoolean(node, options)) return []
  const variants = splitByChoice(node, options)
  if (variants) return variants.flatMap((variant) => compareOne(variant, options, position, compared))
  const near = tries.flatMap((tried, i) => {
    const option = options[i]
    const isOfAnotherKind = tried.some((found) => found.path === path && isKind(found))
    return option && !isOfAnotherKind ? [{ tried, apart: Number(areDifferentVariants(node, option)) }] : []
  })
  const [nearest] = near.toSorted((a, b) => a.apart - b.apart || a.tried.length - b.tried.length)
  // A variant that the other side does not have is reported by its name only.
  if (nearest) return nearest.apart ? nearest.tried.filter(({ kind }) => kind === 'value') : nearest.tried
  const { const: value } = node.schema
  if (value !== undefined) return [{ kind: 'value', path, what: JSON.stringify(value) }]
  return [{ kind: 'type', path, what: nameOf(node.schema, options) }]
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
  position: Position,
  compared: ComparedPairs,
): readonly Incompatibility[] {
  const { path, text = false } = position
  const [a, b] = [sub.schema, sup.schema]
  if (text && b.type === 'array' && a.type !== 'array' && typeof b.items === 'object') {
    const few = compareSizes({ minItems: 1, maxItems: 1 }, b, { min: 'minItems', max: 'maxItems', path })
    return [...few, ...findIncompatibilities([sub], [partOf(sup, b.items)], position, compared)]
  }
  if (a.const !== undefined) {
    return isValueAllowed(a.const, b, { text }) ? [] : [{ kind: 'value', path, what: JSON.stringify(a.const) }]
  }
  if (text && b.type === 'string' && b.const === undefined && isWritable(a)) return compareText(b, path)
  const fits = a.type === b.type || (a.type === 'integer' && b.type === 'number')
  if (!fits || b.const !== undefined) return [{ kind: 'type', path, what: String(a.type) }]
  const compare = (subs: readonly SchemaNode[], sups: readonly SchemaNode[], at: string) =>
    findIncompatibilities(subs, sups, { ...position, path: at }, compared)
  if (b.type === 'object') return compareObjects(sub, sup, position, compare)
  if (b.type === 'array') return compareArrays(sub, sup, position, compare)
  return b.type === 'string' ? compareStrings(a, b, path) : compareNumbers(a, b, path)
}

const isWritable = ({ type }: JsonSchema) => type === 'number' || type === 'integer' || type === 'boolean'
const compareText = (sup: JsonSchema, path: string) => compareStrings({ minLength: 1 }, sup, path)

type CompareParts = (subs: readonly SchemaNode[], sups: readonly SchemaNode[], at: string) => readonly Incompatibility[]

function compareArrays(
  sub: SchemaNode,
  sup: SchemaNode,
  { path }: Position,
  compare: CompareParts,
): readonly Incompatibility[] {
  const [a, b] = [sub.schema, sup.schema]
  const size = compareSizes(a, b, { min: 'minItems', max: 'maxItems', path })
  const [first, wanted] = [a.prefixItems ?? [], b.prefixItems ?? []]
  const elements = Array.from({ length: Math.max(first.length, wanted.length) }, (_, i) => i).flatMap((i) =>
    compareItem(first[i] ?? a.items, wanted[i] ?? b.items, `${path}[${i}]`),
  )
  return [...size, ...elements, ...compareItem(a.items, b.items, `${path}[]`)]

  // Where one of the two has no such element, its sizes differ, which is reported above.
  function compareItem(from: JsonSchema['items'], to: JsonSchema['items'], at: string): readonly Incompatibility[] {
    return typeof from === 'object' && typeof to === 'object' ? compare([partOf(sub, from)], [partOf(sup, to)], at) : []
  }
}

/** Names that `sup` requires or refuses, and values that do not fit. */
function compareObjects(
  sub: SchemaNode,
  sup: SchemaNode,
  position: Position,
  compare: CompareParts,
): readonly Incompatibility[] {
  const { path, reader = false, defaults = false } = position
  const [a, b] = [sub.schema, sup.schema]
  const names = new Set([...namesOf(a), ...namesOf(b)])
  const isUnknownTaken = reader || b.additionalProperties !== false
  const found = [...names].flatMap((name): readonly Incompatibility[] => {
    const at = `${path}.${name}`
    const provided = propertyOf(a, name)
    const accepted = propertyOf(b, name)
    const isRequired = b.required?.includes(name) ?? false
    if (!provided)
      return isRequired || (reader && namesOf(b).includes(name))
        ? [{ kind: reader ? 'gone' : 'required', path: at }]
        : []
    if (!accepted) return isUnknownTaken && !isNameRefused(name) ? [] : [{ kind: 'unknown', path: at }]
    const mayBeAbsent = isRequired && !a.required?.includes(name)
    return [
      ...(mayBeAbsent ? [{ kind: 'required', path: at } as const] : []),
      ...(isNameRefused(name) ? [{ kind: 'unknown', path: at } as const] : []),
      ...(defaults ? compareDefaults(provided, accepted, at) : []),
      ...compare([partOf(sub, provided)], [partOf(sup, accepted)], at),
    ]
  })
  return [...found, ...compareRecords(sub, sup, position, compare)]

  /** A record may have a rule for names. */
  function isNameRefused(name: string): boolean {
    const isListed = !Object.hasOwn(a.properties ?? {}, name) || Object.hasOwn(b.properties ?? {}, name)
    if (isListed || !b.propertyNames) return false
    return compare([partOf(sub, { type: 'string', const: name })], [partOf(sup, b.propertyNames)], path).length > 0
  }
}

/** A first default, and none any more, are up to the handler: it gave a value a meaning that was left out. */
function compareDefaults(
  { default: has }: JsonSchema,
  { default: wants }: JsonSchema,
  path: string,
): readonly Incompatibility[] {
  if (has === undefined || wants === undefined || isDeepStrictEqual(has, wants)) return []
  return [{ kind: 'bound', path, keyword: 'default', has: JSON.stringify(has), wants: JSON.stringify(wants) }]
}

const namesOf = ({ properties = {} }: JsonSchema) => Object.keys(properties)

/** The schema of an object's member of that name. */
function propertyOf({ properties = {}, additionalProperties: rest }: JsonSchema, name: string): JsonSchema | undefined {
  if (Object.hasOwn(properties, name)) return properties[name]
  return typeof rest === 'object' ? rest : undefined
}

/** Members that the schemas do not list: those of records. */
function compareRecords(
  sub: SchemaNode,
  sup: SchemaNode,
  { path, reader }: Position,
  compare: CompareParts,
): readonly Incompatibility[] {
  const { additionalProperties: provided, propertyNames: names = ANY_NAME } = sub.schema
  const { additionalProperties: accepted, propertyNames: allowed = ANY_NAME } = sup.schema
  if (typeof provided !== 'object') return []
  const at = `${path}[name]`
  if (typeof accepted !== 'object') {
    const isTaken = accepted !== false || (reader && sup.schema.propertyNames === undefined)
    return isTaken ? [] : [{ kind: 'unknown', path: at }]
  }
  return [
    ...compare([partOf(sub, names)], [partOf(sup, allowed)], `the names in ${path}`),
    ...compare([partOf(sub, provided)], [partOf(sup, accepted)], at),
  ]
}

const ANY_NAME: JsonSchema = { type: 'string' }
