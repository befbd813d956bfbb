import { setTimeout as delay } from 'node:timers/promises'
import type { Call, CallInput, SuccessOf } from '../../client/call.ts'
import { type CallData, toCallData } from '../../client/call-data.ts'
import type { Callable, CallsOf } from '../../client/calls-of.ts'
import { Problem } from '../../contract/index.ts'
import type { BindContext, Resource } from '../../kernel/index.ts'
import { markHandled } from '../../kernel/promises.ts'
import { createUpstreamResolver } from '../../protocol/index.ts'
import { openHttpClient } from '../http-client/open-http-client.ts'
import { callService, type OpenedServices } from './call-service.ts'
import { countCall, observeCalls } from './count-calls.ts'

/**
 * Other functions of the project as a handler calls them: a method for each contract.
 * @example
 * const priceOf = async (call: Services<{ getOrder: typeof contract }>, id: string) => {
 *   const order = await call.getOrder({ params: { id } })
 *   if (!order.ok) throw order
 *   return order.data
 * }
 */
export type Services<Contracts extends Readonly<Record<string, Callable>>> = {
  readonly [Name in keyof Contracts]: ServiceMethod<CallsOf<Contracts>[Name]>
}

type ServiceMethod<C extends Call> = (
  ...call: Empty extends CallInput<C> ? [call?: CallInput<C>] : [call: CallInput<C>]
) => Promise<SuccessOf<C> | FailureOf<C>>

type Empty = Record<never, never>
type FailureOf<C extends Call> = {
  [Code in keyof C['failures'] & string]: FailureSeen<Code, C['failures'][Code]>
}[keyof C['failures'] & string]

type FailureSeen<Code extends string, Failure> = Failure extends {
  readonly status: infer S extends number
  readonly data: infer D
}
  ? ServiceFailure<Code, S> & { readonly data: D }
  : ServiceFailure<Code, Failure & number>

/**
 * A failure that the called function's contract declares. A handler whose own contract declares the same code may throw it.
 * @example const isGone = (failure: ServiceFailure<string, number>) => failure.code === 'order_not_found'
 */
export type ServiceFailure<Code extends string, Status extends number> = Problem & {
  /** Tells it from a success. */
  readonly ok: false
  /** The code to switch on. */
  readonly code: Code
  /** Its status. */
  readonly status: Status
}

/**
 * A resource that calls functions, and what it knows of them.
 * @example const namesOf = ({ calls }: ServicesResource<{ getOrder: typeof contract }>) => calls.join()
 */
export interface ServicesResource<Contracts extends Readonly<Record<string, Callable>>>
  extends Resource<Services<Contracts>, OpenedServices> {
  /** The functions that it calls, by their names. */
  readonly calls: readonly string[]
  /** Their contracts, by the names of the methods. */
  readonly contracts: Contracts
}

/**
 * Calls other functions of this project, which the contract names in `calls`: with the identity of the request's own caller, in
 * its trace and within its time. A method resolves to what the called function replies, or to a failure that its contract
 * declares; for anything else it rejects with a {@link Problem} that the platform answers with, such as 503 `unavailable`. What is
 * safe to repeat is retried; an `idempotent` endpoint gets a key that follows from the request's own.
 * @example
 * export default implement(contract, { call: services({ getOrder: contract }) }, async ({ params }, { call, fail }) => {
 *   const order = await call.getOrder({ params })
 *   if (!order.ok) throw fail(order.code, order.message)
 *   return order.data
 * })
 * @see docs/guide/42-internal-services.md
 */
export function services<const Contracts extends Readonly<Record<string, Callable>>>(
  contracts: Contracts,
): ServicesResource<Contracts> {
  const callables = Object.entries<Callable>(contracts).map(([name, contract]) => [name, toCallData(contract)] as const)
  return {
    ...{ stores: [], contracts, calls: callables.map(([, { name }]) => name) },
    open: (config, log) => {
      observeCalls()
      const client = openHttpClient(log, { now: () => performance.now(), random: Math.random, sleep: delay })
      return { client, locate: createUpstreamResolver(config) }
    },
    // What each contract sends and gets exists in its types only; at run time all calls are alike.
    bind: (opened, context) => bindServices(callables, opened, context) as unknown as Services<Contracts>,
    close: ({ client }) => client.close(),
  }
}

const bindServices = (
  callables: readonly (readonly [string, CallData])[],
  opened: OpenedServices,
  context: BindContext,
) =>
  Object.fromEntries(
    callables.map(([name, callee]) => [
      name,
      (call = {}) => markHandled(counted(callee.name, callService(callee, call, { ...opened, context }))),
    ]),
  )

async function counted<Result extends { readonly ok: boolean }>(
  name: string,
  running: Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now()
  const end = (outcome: string) => countCall(name, outcome, (performance.now() - startedAt) / 1_000)
  try {
    const result = await running
    end(result.ok ? 'ok' : String((result as { readonly code?: unknown }).code))
    return result
  } catch (error) {
    end(error instanceof Problem ? error.code : 'internal')
    throw error
  }
}
