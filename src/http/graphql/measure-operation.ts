import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

interface Measured {
  readonly depth: number
  readonly cost: number
  /** How many fields are answered by something of their own: by a look-up, a call, or an event. */
  readonly lookups: number
}

interface MeasureOptions {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly definition: OperationDefinitionNode
  readonly variables: Readonly<Record<string, unknown>>
}

/** What is known of the lists right below a field. */
interface Sized {
  readonly fields: readonly string[]
  readonly size: number
}

/** What it costs to ask for the schema. */
const INTROSPECTION_COST = 50
/** What it costs to send a part of the response later (`@defer`), beside what is in it. */
const PART_COST = 5
const NOTHING: Measured = { depth: 0, cost: 0, lookups: 0 }

/**
 * How deep an operation selects, and how much could come of it at most: each field counts by its `@cost` (1), times the elements
 * of the lists that it is in (`@listSize`), and so does each part that may come later. A fragment is measured once, however often it is spread, so that this takes time
 * by the length of the text alone.
 */
export function measureOperation({ schema, document, definition, variables }: MeasureOptions): Measured {
  const fragments = fragmentsOf(document)
  const spread = new Map<string, Measured>()
  const defaults = new Map(
    (definition.variableDefinitions ?? []).map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  )

  function numberOf(value: ValueNode | undefined): number | undefined {
    if (value?.kind === 'IntValue') return Number(value.value)
    if (value?.kind !== 'Variable') return undefined
    const name = value.name.value
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined
    return typeof given === 'number' ? given : numberOf(defaults.get(name))
  }

  function measureAll(set: SelectionSetNode, type: GraphQLNamedType | undefined, sized?: Sized): Measured {
    let depth = 0
    let cost = 0
    let lookups = 0
    for (const selection of set.selections) {
      const one =
        selection.kind === 'Field'
          ? measureField(selection, type, sized)
          : selection.kind === 'FragmentSpread'
            ? measureFragment(selection.name.value, sized)
            : measureAll(selection.selectionSet, typeNamed(selection.typeCondition?.name.value) ?? type, sized)
      depth = Math.max(depth, one.depth)
      cost += one.cost + (isDeferred(selection) ? PART_COST : 0)
      lookups += one.lookups
    }
    return { depth, cost, lookups }
  }

  const typeNamed = (name: string | undefined) => (name === undefined ? undefined : schema.getType(name))

  function measureFragment(name: string, sized: Sized | undefined): Measured {
    const key = sized ? `${name} ${sized.size} ${sized.fields}` : name
    const known = spread.get(key)
    if (known) return known
    // One that contains itself is refused by the schema's own rules.
    spread.set(key, NOTHING)
    const fragment = fragments.get(name)
    const measured = fragment
      ? measureAll(fragment.selectionSet, typeNamed(fragment.typeCondition.name.value), sized)
      : NOTHING
    spread.set(key, measured)
    return measured
  }

  function measureField(node: FieldNode, parent: GraphQLNamedType | undefined, sized: Sized | undefined): Measured {
    const name = node.name.value
    if (name === '__schema' || name === '__type') return { depth: 1, cost: INTROSPECTION_COST, lookups: 0 }
    const field = fieldOf(parent, name)
    const list = directiveOf(field, 'listSize')
    const size = list && sizeOf(list, node)
    const isList = field !== undefined && isListType(getNullableType(field.type))
    const times = !isList ? 1 : sized?.fields.includes(name) ? sized.size : (size ?? 1)
    const below = list && size !== undefined && { fields: textsOf(argumentOf(list, 'sizedFields')), size }
    const named = field && getNamedType(field.type)
    const type = named && isCompositeType(named) ? named : undefined
    const inner = node.selectionSet ? measureAll(node.selectionSet, type, below || undefined) : NOTHING
    const lookups = inner.lookups + (directiveOf(field, 'cost') ? 1 : 0)
    return { depth: 1 + inner.depth, cost: weightOf(field) + times * inner.cost, lookups }
  }

  function sizeOf(list: DirectiveNode, node: FieldNode): number | undefined {
    const slicing = textsOf(argumentOf(list, 'slicingArguments'))
    const given = node.arguments?.filter(({ name }) => slicing.includes(name.value)).map(({ value }) => numberOf(value))
    const size = given?.find((one) => one !== undefined) ?? numberOf(argumentOf(list, 'assumedSize'))
    return size === undefined ? undefined : Math.max(0, size)
  }

  return measureAll(definition.selectionSet, schema.getRootType(definition.operation) ?? undefined)
}

/** Whether an operation asks for nothing but the schema, and the names of types. */
export function asksOnlyOfSchema(document: DocumentNode, { selectionSet }: OperationDefinitionNode): boolean {
  const fragments = fragmentsOf(document)
  const asksOnly = ({ selections }: SelectionSetNode): boolean =>
    selections.every((selection) =>
      selection.kind === 'Field'
        ? selection.name.value.startsWith('__')
        : asksOnly(
            (selection.kind === 'InlineFragment' ? selection : fragments.get(selection.name.value))?.selectionSet ??
              EMPTY,
          ),
    )
  return asksOnly(selectionSet)
}

const EMPTY = { selections: [] } as unknown as SelectionSetNode

const fragmentsOf = ({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> =>
  new Map(definitions.flatMap((one) => (one.kind === 'FragmentDefinition' ? [[one.name.value, one] as const] : [])))

/** Whether it may come later, whatever its `if` says. */
const isDeferred = ({ directives = [] }: SelectionNode) => directives.some(({ name }) => name.value === 'defer')

type Field = GraphQLField<unknown, unknown>

const fieldOf = (parent: GraphQLNamedType | undefined, name: string): Field | undefined =>
  isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined

const directiveOf = (field: Field | undefined, name: string): DirectiveNode | undefined =>
  field?.astNode?.directives?.find((directive) => directive.name.value === name)

const argumentOf = (directive: DirectiveNode, name: string): ValueNode | undefined =>
  directive.arguments?.find((one) => one.name.value === name)?.value

const textsOf = (value: ValueNode | undefined): readonly string[] =>
  value?.kind === 'ListValue' ? value.values.flatMap((one) => (one.kind === 'StringValue' ? [one.value] : [])) : []

function weightOf(field: Field | undefined): number {
  const cost = directiveOf(field, 'cost')
  const weight = cost && argumentOf(cost, 'weight')
  return weight?.kind === 'StringValue' ? Number(weight.value) : 1
}
