import { type FunctionContract, hasTenancy, isReceiver, type ReceiverContract } from '../../contract/index.ts'
import {
  authorizerRequest,
  endpointRequest,
  eventRequest,
  type FunctionRequest,
} from '../../deploy/sample/sample-request.ts'
import { SampleError } from '../../deploy/sample/sampler.ts'
import { ConfigError } from '../../kernel/index.ts'
import { GATEWAY_IDENTITY, type SignIdentity } from '../../protocol/index.ts'

/** Signed identities, as those of gateway and relay. */
export interface Tokens {
  /** May call the function. */
  readonly caller: string
  /** May not, unless anyone may. */
  readonly stranger: string
}

/** The owner of the only row, where rows have owners. */
export const CALLER = 'warm-up'

/** Signs the identities that warm-up requests carry: one that may call the function, and one that may not. */
export async function signTokens(
  contract: FunctionContract,
  sign: Readonly<Record<'gateway' | 'relay', SignIdentity>>,
  roles: readonly string[] = [],
): Promise<Tokens> {
  const tenant = hasTenancy(contract) ? { tenant: CALLER } : {}
  const stranger = await sign.gateway({ sub: 'stranger', scopes: [] }, contract.name)
  if (isReceiver(contract))
    return { stranger, caller: await sign.relay({ sub: 'relay', scopes: [], ...tenant }, contract.name) }
  if (contract.kind === 'authorizer') return { stranger, caller: await sign.gateway(GATEWAY_IDENTITY, contract.name) }
  const { anonymous, internal, scopes = [] } = contract.access
  const via = internal ? { via: CALLER } : {}
  const caller = anonymous ? { sub: 'anonymous' } : { sub: CALLER, roles }
  return { stranger, caller: await sign.gateway({ ...caller, ...via, scopes, ...tenant }, contract.name) }
}

/** One request of each kind to a function: the platform's, invalid ones, and, last, valid ones. */
export function warmUpRequests(contract: FunctionContract, { caller, stranger }: Tokens): readonly FunctionRequest[] {
  const { good, bad } = requestsTo(contract)
  return [
    ...['/_/health', '/_/ready', '/_/nothing'].map(getRequest),
    withDeadline(good()),
    withIdentity(stranger, good()),
    ...(good().body === undefined ? [] : [withIdentity(caller, { ...good(), body: '{' })]),
    withIdentity(caller, bad),
    withIdentity(caller, withTrace(good())),
    withIdentity(caller, good()),
  ]
}

/** Creates valid requests; and one that is not. */
function requestsTo(contract: FunctionContract): {
  readonly good: () => FunctionRequest
  readonly bad: FunctionRequest
} {
  switch (contract.kind) {
    case 'endpoint': {
      const good = endpointMaker(contract)
      return { good, bad: withUnknownQuery(good()) }
    }
    case 'subscriber':
    case 'schedule':
    case 'receive':
      return { good: eventMaker(contract), bad: eventRequest(contract, {}) }
    case 'authorizer':
      return { good: () => authorizerRequest(contract, undefined), bad: authorizerRequest(contract, { headers: 1 }) }
  }
}

type ContractOf<Kind> = Extract<FunctionContract, { readonly kind: Kind }>

/** Creates valid requests, each with a key of its own; where none can be generated, invalid ones. */
function endpointMaker(contract: ContractOf<'endpoint'>): () => FunctionRequest {
  const { method, path } = contract
  try {
    endpointRequest(contract, undefined)
    return () => endpointRequest(contract, undefined)
  } catch (error) {
    if (!(error instanceof SampleError)) throw error
    return () => ({ method, target: path.replaceAll(/\{\w+\}/g, '1'), headers: {}, body: undefined })
  }
}

/** Creates valid events, each with an id of its own; where none can be generated, invalid ones. */
function eventMaker(contract: ReceiverContract): () => FunctionRequest {
  try {
    eventRequest(contract, undefined)
    return () => eventRequest(contract, undefined)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return () => eventRequest(contract, {})
  }
}

const getRequest = (target: string): FunctionRequest => ({ method: 'GET', target, headers: {}, body: undefined })

const withUnknownQuery = (request: FunctionRequest): FunctionRequest => ({
  ...request,
  target: `${request.target}${request.target.includes('?') ? '&' : '?'}ebb-unknown=1`,
})

const withHeaders = (request: FunctionRequest, headers: FunctionRequest['headers']): FunctionRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
})

/** With the remaining time, which the gateway sends: a handler that waits for something unreachable ends with it. */
const withDeadline = (request: FunctionRequest) => withHeaders(request, { 'ebb-timeout-ms': '1000' })
const withIdentity = (token: string, request: FunctionRequest) =>
  withHeaders(withDeadline(request), { 'ebb-identity': token })
const withTrace = (request: FunctionRequest) =>
  withHeaders(request, {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'x-correlation-id': 'warm-up-of-a-function',
  })
