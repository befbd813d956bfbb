import type { AnyContract } from '../../contract/index.ts'
import { endpointRequest, eventRequest, type FunctionRequest } from '../../deploy/sample/sample-request.ts'
import { SampleError } from '../../deploy/sample/sampler.ts'
import { ConfigError } from '../../kernel/index.ts'
import type { SignIdentity } from '../../protocol/index.ts'

/** Identities as gateway and relay would vouch for them. */
export interface Tokens {
  /** Who may. */
  readonly caller: string
  /** Who may not. */
  readonly stranger: string
}

/** To whom the only row there is belongs, where that matters. */
export const CALLER = 'warm-up'

export async function signTokens(
  contract: AnyContract,
  sign: Readonly<Record<'gateway' | 'relay', SignIdentity>>,
): Promise<Tokens> {
  const stranger = await sign.gateway({ sub: 'stranger', scopes: [] }, contract.name)
  if (contract.kind === 'subscriber')
    return { stranger, caller: await sign.relay({ sub: 'relay', scopes: [] }, contract.name) }
  const { anonymous, scopes = [] } = contract.access
  return { stranger, caller: await sign.gateway({ sub: anonymous ? 'anonymous' : CALLER, scopes }, contract.name) }
}

/** One request of each kind to a function: what the platform asks, what is refused, and, last, what is good. */
export function warmUpRequests(contract: AnyContract, { caller, stranger }: Tokens): readonly FunctionRequest[] {
  const good = contract.kind === 'endpoint' ? endpointMaker(contract) : eventMaker(contract)
  const bad = contract.kind === 'endpoint' ? withUnknownQuery(good()) : eventRequest(contract, {})
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

type ContractOf<Kind> = Extract<AnyContract, { readonly kind: Kind }>

/** Makes good requests, a key each; where none can be made up, at least some that are refused. */
function endpointMaker(contract: ContractOf<'endpoint'>): () => FunctionRequest {
  const { method, path } = contract
  try {
    endpointRequest(contract, undefined)
    return () => endpointRequest(contract, undefined)
  } catch (fault) {
    if (!(fault instanceof SampleError)) throw fault
    return () => ({ method, target: path.replaceAll(/\{\w+\}/g, '1'), headers: {}, body: undefined })
  }
}

/** The same of events, an id each. */
function eventMaker(contract: ContractOf<'subscriber'>): () => FunctionRequest {
  try {
    eventRequest(contract, undefined)
    return () => eventRequest(contract, undefined)
  } catch (fault) {
    if (!(fault instanceof ConfigError)) throw fault
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

/** As the gateway does, which tells what is left of the time; a handler that waits for what cannot be reached ends with it. */
const withDeadline = (request: FunctionRequest) => withHeaders(request, { 'ebb-timeout-ms': '1000' })
const withIdentity = (token: string, request: FunctionRequest) =>
  withHeaders(withDeadline(request), { 'ebb-identity': token })
const withTrace = (request: FunctionRequest) =>
  withHeaders(request, {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'x-correlation-id': 'warm-up-of-a-function',
  })
