import { callsOf, type FunctionContract, hasTenancy, isReceiver, type ReceiverContract } from '../../contract/index.ts'
import {
  authorizerRequest,
  endpointRequest,
  eventRequest,
  type FunctionRequest,
} from '../../deploy/sample/sample-request.ts'
import { SampleError } from '../../deploy/sample/sampler.ts'
import { ConfigError } from '../../kernel/index.ts'
import { DELEGATION_HEADER, GATEWAY_IDENTITY, type SignIdentity, writeDelegation } from '../../protocol/index.ts'

/** Signed identities, as those of gateway and relay. */
export interface Tokens {
  /** May call the function. */
  readonly caller: string
  /** May not, unless anyone may. */
  readonly stranger: string
  /** For what it calls; undefined where it calls nothing. */
  readonly delegation: string | undefined
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
  const caller = callerOf(contract, roles)
  const signer = isReceiver(contract) ? sign.relay : sign.gateway
  const calls = callsOf(contract).map((callee) => ({ name: callee, scopes: [] }))
  const { name } = contract
  return {
    stranger: await sign.gateway({ sub: 'stranger', scopes: [] }, name),
    caller: await signer({ ...caller, ...tenant }, name),
    delegation:
      calls.length > 0 ? await writeDelegation(signer, { caller, via: name, calls }, { waitMs: 60_000 }) : undefined,
  }
}

function callerOf(contract: FunctionContract, roles: readonly string[]) {
  if (isReceiver(contract)) return { sub: 'relay', scopes: [] }
  if (contract.kind === 'authorizer') return GATEWAY_IDENTITY
  const { anonymous, internal, scopes = [] } = contract.access
  const via = internal ? { via: CALLER } : {}
  return { ...(anonymous ? { sub: 'anonymous' } : { sub: CALLER, roles }), ...via, scopes }
}

/** One request of each kind to a function: the platform's, invalid ones, and, last, valid ones. */
export function warmUpRequests(
  contract: FunctionContract,
  { caller, stranger, delegation }: Tokens,
): readonly FunctionRequest[] {
  const { good: plain, bad } = requestsTo(contract)
  const good = () => (delegation === undefined ? plain() : withHeaders(plain(), { [DELEGATION_HEADER]: delegation }))
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
