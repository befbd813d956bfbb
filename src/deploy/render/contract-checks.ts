import {
  type AnyContract,
  describeEndpoint,
  describeSubscriber,
  type EndpointContract,
  type Example,
  failureStatuses,
  isRedirect,
  type Route,
  usualReply,
} from '../../contract/index.ts'
import { createRandom } from '../sample/random.ts'
import { sampleRequest } from '../sample/sample-request.ts'
import { SampleError } from '../sample/sampler.ts'

/** A request that `helm test` makes of an endpoint, and what its contract says of the answer. */
interface ContractCheck {
  /** The function that answers. */
  readonly function: string
  readonly method: string
  /** The path as the OpenAPI document has it, and as it is sent, with the query. */
  readonly path: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  /** As it is sent: JSON. */
  readonly body?: string
  /** Set where it takes effect: it is sent with a fresh Idempotency-Key. */
  readonly writes?: true
  /** What the caller's key needs; undefined where anybody may call. */
  readonly scopes?: readonly string[]
  readonly status: number
  /** The statuses of the failures that it declares, by code: an example may be of a thing that is gone, or there already. */
  readonly failures?: Readonly<Record<string, number>>
  /** Who gets the events that it may emit, by type. */
  readonly events?: Readonly<Record<string, readonly string[]>>
}

/**
 * The checks that the contracts allow: each endpoint that only reads, where it has an example or needs no value, and each
 * POST that is idempotent and has an example. What changes or deletes a thing of an example is left alone.
 */
export function contractChecks(contracts: Readonly<Record<string, AnyContract>>): readonly ContractCheck[] {
  const all = Object.keys(contracts)
    .sort()
    .flatMap((name) => contracts[name] ?? [])
  const subscriptions = all.flatMap((contract) =>
    contract.kind === 'subscriber' ? [describeSubscriber(contract)] : [],
  )
  const subscribersOf = (type: string) => subscriptions.filter(({ on }) => on === type).map(({ name }) => name)
  return all.flatMap((contract) => (contract.kind === 'endpoint' ? checksOf(contract, subscribersOf) : []))
}

function checksOf(
  contract: EndpointContract,
  subscribersOf: (type: string) => readonly string[],
): readonly ContractCheck[] {
  const route = describeEndpoint(contract)
  // It cannot be known whom the authorizer knows; a WebSocket is no single request, and what is internal has no route.
  if (route.authorizer !== undefined || route.upgrade || route.internal) return []
  // Whose thing the example is cannot be known, nor what the policy says of whom.
  if (route.policy || (route.owner && route.scopes.length === 0)) return []
  const example = Object.values(contract.examples ?? {}).find((one) => one.params ?? one.query ?? one.body)
  // Which version is there cannot be known; and whoever follows a redirect leaves this API.
  if ((route.conditional && !route.readOnly) || isRedirect(usualReply(contract))) return []
  if (!isHarmless(route, example) || !(example || needsNoValue(contract))) return []
  const request = requestOf(contract, example)
  if (!request) return []
  const { target, headers, body } = request
  const failures = failureStatuses(contract)
  const events = route.emits.map((type) => [type, subscribersOf(type)] as const).filter(([, names]) => names.length > 0)
  return [
    {
      ...{ function: route.name, method: route.method, path: route.path, target },
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(body === undefined ? {} : { body }),
      ...(route.readOnly ? {} : { writes: true as const }),
      ...(route.anonymous ? {} : { scopes: route.scopes }),
      status: usualReply(contract).status,
      ...(Object.keys(failures).length > 0 ? { failures } : {}),
      ...(events.length > 0 ? { events: Object.fromEntries(events) } : {}),
    },
  ]
}

const isHarmless = ({ readOnly, method, idempotent }: Route, example: Example | undefined) =>
  readOnly || (method === 'POST' && idempotent && example !== undefined)

/** Whether its request has no part in which a value would have to be made up. */
function needsNoValue({ params, query, headers, body }: EndpointContract): boolean {
  const isOptional = (schema: typeof query) => schema === undefined || schema.safeParse({}).success
  return params === undefined && body === undefined && isOptional(query) && isOptional(headers)
}

function requestOf(contract: EndpointContract, example: Example | undefined) {
  try {
    return sampleRequest(contract, createRandom(contract.name), example)
  } catch (error) {
    if (error instanceof SampleError) return undefined
    throw error
  }
}
