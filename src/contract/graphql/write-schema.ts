import type * as z from 'zod'
import { ContractError } from '../contract-error.ts'
import type { EndpointContract } from '../endpoint-shape.ts'
import { usualReply } from '../reply.ts'
import { defOf } from '../schema/schema-def.ts'
import { jsonBodyOf } from '../streams/body-kind.ts'
import type { GraphqlFields, GraphqlShape } from './graphql-shape.ts'
import type { GraphqlSubscriptions } from './graphql-subscription.ts'
import { capitalised, createTypes, type Types, UNKNOWN_SIZE } from './graphql-types.ts'
import { listBoundOf, withoutWrappers } from './read-schema.ts'

/** What the look-up of an endpoint's reply counts, beside its values. */
const LOOKUP_COST = 10
/** What the call of a function that writes counts. */
const MUTATION_COST = 50
/** The argument that is the body of what a mutation calls. */
const INPUT = 'input'

/** The arguments by which callers say how many they want. */
const SIZE_ARGUMENTS = ['limit', 'first', 'last', 'pageSize']

/** What may come later, and what the fields cost: the latter by the directives of IBM's GraphQL Cost Directives. */
const DIRECTIVES = `directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @cost(weight: String!) on FIELD_DEFINITION
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION`

interface Shown extends Required<Pick<GraphqlShape, 'name' | 'query' | 'links'>> {
  readonly mutation: GraphqlFields | undefined
  readonly subscription: GraphqlSubscriptions | undefined
}

/** Writes the schema, in GraphQL's own language, of endpoints, of what leads from one reply to another, and of events. */
export function writeSchema({ name, query, links, mutation, subscription }: Shown): string {
  const refuse = (sentence: string): never => {
    throw new ContractError(name, sentence)
  }
  const types = createTypes(refuse)
  writeFields(types, 'Query', query)
  if (mutation) writeFields(types, 'Mutation', mutation)
  if (subscription) writeEvents(types, subscription)
  const linked = new Set<string>()
  // What a link leads to may itself be what others lead from.
  for (let left = Object.keys(links); left.length > 0; ) {
    const known = left.filter((type) => types.has(type))
    if (known.length === 0)
      refuse(`\`links\` names the type ${left[0]}, which no reply has; there are ${types.names().join(', ')}`)
    for (const type of known) {
      linked.add(type)
      for (const [field, { to, by }] of Object.entries(links[type] ?? {})) {
        for (const [parameter, property] of Object.entries(by)) {
          if (!types.hasField(type, property))
            refuse(`the link ${type}.${field} goes by ${property}, which ${type} does not have`)
          if (!(parameter in parametersOf(to)))
            refuse(`the link ${type}.${field} gives ${parameter}, which ${to.name} does not take`)
        }
        if (types.hasField(type, field)) refuse(`${type} has ${field} already; give the link another name`)
        writeField(types, { type, field, endpoint: to, given: Object.keys(by) })
      }
    }
    left = Object.keys(links).filter((type) => !linked.has(type))
  }
  return `${DIRECTIVES}\n\n${types.text()}`
}

function writeFields(types: Types, type: string, fields: GraphqlFields) {
  types.begin(type)
  for (const [field, endpoint] of Object.entries(fields)) writeField(types, { type, field, endpoint, given: [] })
}

/** An event's data are the type of its field, and what it is followed by are optional arguments. */
function writeEvents(types: Types, subscription: GraphqlSubscriptions) {
  types.begin('Subscription')
  for (const [field, { on, by = [] }] of Object.entries(subscription)) {
    const name = capitalised(field)
    const shape = defOf(on.data).shape ?? {}
    const args = by.flatMap((one) => {
      const schema = shape[one]
      return schema ? [types.argument(one, schema.optional(), `${name}${capitalised(one)}`)] : []
    })
    const { ref } = types.output(on.data, name)
    const directives = `@cost(weight: "${LOOKUP_COST}")`
    types.field('Subscription', { name: field, args, ref, description: on.summary, directives })
  }
}

interface Field {
  readonly type: string
  readonly field: string
  readonly endpoint: EndpointContract
  /** The parameters that are no arguments: the link gives them. */
  readonly given: readonly string[]
}

function writeField(types: Types, { type, field, endpoint, given }: Field) {
  const isRoot = type === 'Query' || type === 'Mutation'
  const name = capitalised(isRoot ? field : `${type}${capitalised(field)}`)
  const taken = Object.entries(argumentsOf(endpoint)).filter(([argument]) => !given.includes(argument))
  const args = taken.map(([argument, schema]) => types.argument(argument, schema, `${name}${capitalised(argument)}`))
  const { body } = usualReply(endpoint)
  // A write may reply nothing: then it is true that it is done.
  const ref = body ? types.output(body, name).ref : 'Boolean'
  const weight = type === 'Mutation' ? MUTATION_COST : LOOKUP_COST
  // A field of an endpoint that fails, or that a caller may not see, is null: the rest of the reply stays.
  types.field(type, {
    ...{ name: field, args, ref, description: endpoint.summary },
    directives: `@cost(weight: "${weight}")${body ? listSizeOf(body, Object.fromEntries(taken)) : ''}`,
  })
}

/** The parameters of an endpoint's path and query. */
const parametersOf = ({ params, query }: EndpointContract): Readonly<Record<string, z.ZodType>> => ({
  ...params?.shape,
  ...query?.shape,
})

/** These, and its body. */
function argumentsOf(endpoint: EndpointContract): Readonly<Record<string, z.ZodType>> {
  const body = jsonBodyOf(endpoint)
  return { ...parametersOf(endpoint), ...(body ? { [INPUT]: body } : {}) }
}

function listSizeOf(body: z.ZodType, args: Readonly<Record<string, z.ZodType>>): string {
  const def = defOf(withoutWrappers(body))
  const lists = Object.entries(def.shape ?? {}).filter(([, child]) => defOf(withoutWrappers(child)).type === 'array')
  if (def.type !== 'array' && lists.length === 0) return ''
  const [slicing, schema] = Object.entries(args).find(([name]) => SIZE_ARGUMENTS.includes(name)) ?? []
  const bound =
    def.type === 'array' ? listBoundOf(body) : Math.max(...lists.map(([, child]) => listBoundOf(child) ?? 0))
  const assumed = (schema && usualNumber(schema)) || bound || UNKNOWN_SIZE
  const parts = [
    `assumedSize: ${assumed}`,
    ...(slicing === undefined ? [] : [`slicingArguments: ["${slicing}"]`]),
    ...(def.type === 'array' ? [] : [`sizedFields: [${lists.map(([name]) => `"${name}"`).join(', ')}]`]),
  ]
  return ` @listSize(${parts.join(', ')})`
}

/** How many come where a caller does not say how many. */
function usualNumber(schema: z.ZodType): number | undefined {
  const { defaultValue } = defOf(schema) as { readonly defaultValue?: unknown }
  if (typeof defaultValue === 'number') return defaultValue
  // zod knows it of numbers only.
  const { maxValue } = withoutWrappers(schema, 'input') as unknown as z.ZodNumber
  return maxValue ?? undefined
}
