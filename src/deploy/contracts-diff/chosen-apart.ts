import { alternativesOf, type Node, within } from './node.ts'

/**
 * An object that has a choice of listed values, as one object for each of them: `{ kind: 'a' | 'b' }` is then seen to
 * fit `{ kind: 'a' } | { kind: 'b' }`. Undefined where none of several options tells itself apart by that choice.
 */
export function chosenApart(node: Node, options: readonly Node[]): readonly Node[] | undefined {
  const { schema } = node
  const { properties = {}, required = [] } = schema
  if (options.length < 2) return undefined
  for (const [name, property] of Object.entries(properties)) {
    if (!required.includes(name) || !options.some((option) => tells(option, name))) continue
    const choices = alternativesOf(within(node, property))
    if (choices.length < 2 || choices.some((choice) => choice.schema.const === undefined)) continue
    return choices.map((choice) => within(node, { ...schema, properties: { ...properties, [name]: choice.schema } }))
  }
  return undefined
}

/** Whether two objects are different variants of a union: a name has one listed value here, and another there. */
export function areApart(node: Node, option: Node): boolean {
  return Object.keys(node.schema.properties ?? {}).some((name) => {
    const [here, there] = [node, option].map((side) => listedAt(side, name))
    return here && there && !here.some((value) => there.includes(value))
  })
}

const tells = (option: Node, name: string) => listedAt(option, name) !== undefined

/** The values that an object's property lists, none of them null; undefined where others may stand there. */
function listedAt(node: Node, name: string): readonly unknown[] | undefined {
  const property = node.schema.properties?.[name]
  const values = property && alternativesOf(within(node, property)).map(({ schema }) => schema.const)
  return values?.every((value) => value !== undefined && value !== null) ? values : undefined
}
