import {
  type ExecutionResult,
  experimentalExecuteIncrementally,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  legacyExecuteIncrementally,
} from 'graphql'
import { describeEndpoint, type GraphqlContract } from '../../contract/index.ts'
import type { Correlation, Log } from '../../kernel/index.ts'
import type { Identity } from '../../protocol/index.ts'
import { traceOperation, type WithFieldSpan } from '../../telemetry/index.ts'
import { type BoundResources, type HandlerContext, type Implementation, implement, type Uses } from '../implement.ts'
import type { IncrementalFormat } from './accepted-format.ts'
import { createLoader } from './loader.ts'
import { createOperations } from './operations.ts'
import { toParts } from './parts.ts'
import { isRefusal, type Operation, type OperationRequest, type PrepareOperation } from './prepared-operation.ts'
import type { GraphqlTools, Resolvers } from './resolvers.ts'
import { showEndpoints } from './show-endpoints.ts'
import type { CallResult, ShownField } from './shown-field.ts'
import { createErrorWriter } from './write-error.ts'

/**
 * Joins a GraphQL contract with the resolvers of the endpoints that it shows. `create` is called once for each operation, so that
 * what it makes, such as loaders, is that operation's own. What the contract's `mutation` names has no resolver: `uses` has the
 * `services()` that call it.
 * @example
 * export default implementGraphql(graph, { sql: postgres }, ({ sql, loader }) => {
 *   const orders = loader(
 *     (ids: readonly string[]) => sql<{ id: string; quantity: number }>`select * from orders where id = any(${ids})`,
 *     (order) => order.id,
 *   )
 *   return {
 *     'get-order': async ({ params }, { fail }) =>
 *       (await orders.load(params.id)) ?? fail('order_not_found', 'There is no such order.'),
 *   }
 * })
 * @see docs/guide/43-graphql.md
 */
export function implementGraphql<const C extends GraphqlContract, const U extends Uses>(
  contract: C,
  uses: U,
  create: (context: HandlerContext<NoInfer<C>> & BoundResources<NoInfer<U>> & GraphqlTools) => Resolvers<NoInfer<C>>,
): Implementation<C, U> {
  const fields = showEndpoints(contract.graphql)
  const methods = methodsOf(uses)
  let prepare: PrepareOperation | undefined
  const handle = async (
    { body, format }: { readonly body: OperationRequest; readonly format?: IncrementalFormat },
    context: RequestTools,
  ): Promise<ExecutionResult> => {
    // The engine is a lazy part: it is loaded with the first operation.
    prepare ??= createOperations(describeEndpoint(contract).graphql ?? contract.graphql)
    const prepared = prepare(body)
    // The gateway has refused it already, unless its contracts are others.
    if (isRefusal(prepared)) return { errors: prepared.errors } as unknown as ExecutionResult
    // What implement() binds is what the types of `create` say.
    const tools = Object.assign(context, { loader: createLoader }) as unknown as Parameters<typeof create>[0]
    return run(prepared, { fields, methods, resolvers: create(tools) as unknown as AnyResolvers, context, format })
  }
  // The types of this function tie resolvers to their endpoints, as those of implement() tie a handler to its contract.
  return implement(contract, uses as never, handle as never) as unknown as Implementation<C, U>
}

/** Where in a handler's context the functions are called, by their names: `implement()` requires all that the contract calls. */
function methodsOf(uses: Uses): Methods {
  return new Map(
    Object.entries(uses).flatMap(([resource, used]) => {
      // Only services() has any: what it is made of, http and data do not share.
      const { contracts = {} } = used as { readonly contracts?: Readonly<Record<string, { readonly name: string }>> }
      return Object.entries(contracts).map(([method, { name }]) => [name, { resource, method }] as const)
    }),
  )
}

type CallService = (call: Readonly<Record<string, unknown>>) => Promise<CallResult>
type Methods = ReadonlyMap<string, { readonly resource: string; readonly method: string }>
type AnyResolvers = Readonly<Record<string, ((input: unknown, tools: unknown) => unknown) | undefined>>

/** What of a handler's context an operation needs itself. */
interface RequestTools {
  readonly caller: Identity
  readonly log: Log
  readonly correlation: Correlation
  readonly signal: AbortSignal
}

interface RunOptions {
  readonly fields: ReadonlyMap<string, ShownField>
  readonly methods: Methods
  readonly resolvers: AnyResolvers
  readonly context: RequestTools
  /** How what is deferred is delivered; undefined where all is to come whole. */
  readonly format: IncrementalFormat | undefined
}

interface Run extends RunOptions {
  readonly withSpan: WithFieldSpan
}

async function run(operation: Operation, options: RunOptions): Promise<ExecutionResult> {
  const { schema, document, whole, definition, operationName, variables } = operation
  const { format, context } = options
  const { correlation, log } = context
  const withSpan = traceOperation(definition.operation, definition.name?.value)
  const contextValue: Run = { ...options, withSpan }
  const execute = format === 'deferSpec=20220824' ? legacyExecuteIncrementally : experimentalExecuteIncrementally
  // Each look-up may be null, so that none of them is left behind by the failure of another: no statement runs after the handler.
  const result = await execute({
    ...{ schema, document: format ? document : whole, operationName, variableValues: variables },
    ...{ contextValue, fieldResolver: resolveField },
    ...(format ? { abortSignal: context.signal } : {}),
  })
  const writeError = createErrorWriter({ ...correlation, log })
  // Whoever has given the format sends the parts.
  if ('initialResult' in result) return toParts(result, { signal: context.signal, writeError }) as ExecutionResult
  return result.errors ? ({ ...result, errors: result.errors.map(writeError) } as unknown as ExecutionResult) : result
}

/** Looks an endpoint's reply up where the field shows one; any other field is a property of what was looked up. */
const resolveField: GraphQLFieldResolver<unknown, Run> = (source, args, operation, info) => {
  const { fieldName, parentType } = info
  const field = operation.fields.get(`${parentType.name}.${fieldName}`)
  const values = Object(source) as Readonly<Record<string, unknown>>
  if (!field) return values[fieldName]
  const given = Object.entries(field.by).map(([parameter, property]) => [parameter, values[property]] as const)
  // What is not there leads nowhere.
  if (given.some(([, value]) => value === undefined || value === null)) return null
  const resolver = operation.resolvers[field.name]
  const resolve = async (input: unknown, tools: unknown) => {
    if (!resolver) throw new Error(`there is no resolver for ${field.name}`)
    return resolver(input, tools)
  }
  const call = async (input: Readonly<Record<string, unknown>>) => {
    const { resource = '', method = '' } = operation.methods.get(field.name) ?? {}
    // What services() has bound to the request.
    const services = operation.context as unknown as Readonly<Record<string, Readonly<Record<string, CallService>>>>
    const service = services[resource]?.[method]
    if (!service) throw new Error(`nothing calls ${field.name}`)
    // The field's own key: whatever else of the operation runs or fails, a repetition calls under the same one.
    return service({ ...input, place: String(info.path.key) })
  }
  const { caller } = operation.context
  const work = () => field.show({ ...args, ...Object.fromEntries(given) }, { caller, resolve, call })
  return operation.withSpan(pathOf(info.path), field.name, work)
}

/** `order.product`, without the places in lists: these are as many as there are things. */
function pathOf(path: GraphQLResolveInfo['path'] | undefined): string {
  const keys: string[] = []
  for (let at = path; at; at = at.prev) if (typeof at.key === 'string') keys.unshift(at.key)
  return keys.join('.')
}
