import type { JsonSchema } from '../json-schema.ts'
import type { Misfit, Place } from './misfit.ts'
import { type Node, within } from './node.ts'

type Compare = (subs: readonly Node[], sups: readonly Node[], at: string) => readonly Misfit[]

/** Where objects that `sub` allows do not fit `sup`: names that it wants or refuses, and values. */
export function objectMisfits(sub: Node, sup: Node, place: Place, compare: Compare): readonly Misfit[] {
  const { path, reader = false } = place
  const [a, b] = [sub.schema, sup.schema]
  const names = new Set([...namesOf(a), ...namesOf(b)])
  const found = [...names].flatMap((name): readonly Misfit[] => {
    const at = `${path}.${name}`
    const given = propertyOf(a, name)
    const taken = propertyOf(b, name)
    const isWanted = b.required?.includes(name) ?? false
    if (!given)
      return isWanted || (reader && namesOf(b).includes(name)) ? [{ kind: reader ? 'gone' : 'required', path: at }] : []
    if (!taken) return reader || b.additionalProperties !== false ? [] : [{ kind: 'unknown', path: at }]
    const isLacking = isWanted && !a.required?.includes(name)
    const values = compare([within(sub, given)], [within(sup, taken)], at)
    return isLacking ? [{ kind: 'required', path: at }, ...values] : values
  })
  return [...found, ...openMisfits(sub, sup, place, compare)]
}

const namesOf = ({ properties = {} }: JsonSchema) => Object.keys(properties)

/** What an object may have by that name. */
function propertyOf({ properties = {}, additionalProperties: rest }: JsonSchema, name: string): JsonSchema | undefined {
  if (Object.hasOwn(properties, name)) return properties[name]
  return typeof rest === 'object' ? rest : undefined
}

/** Names that no schema lists: those of records. */
function openMisfits(sub: Node, sup: Node, { path, reader }: Place, compare: Compare): readonly Misfit[] {
  const { additionalProperties: given, propertyNames: names = ANY_NAME } = sub.schema
  const { additionalProperties: taken, propertyNames: wanted = ANY_NAME } = sup.schema
  if (typeof given !== 'object') return []
  const at = `${path}[name]`
  if (typeof taken !== 'object') return taken === false && !reader ? [{ kind: 'unknown', path: at }] : []
  return [
    ...compare([within(sub, names)], [within(sup, wanted)], `the names in ${path}`),
    ...compare([within(sub, given)], [within(sup, taken)], at),
  ]
}

const ANY_NAME: JsonSchema = { type: 'string' }
