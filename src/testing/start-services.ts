import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type EndpointContract,
  type Failure,
  type FailureOptions,
  type Input,
  type Output,
  Problem,
  problemJson,
} from '../contract/index.ts'
import { createApp, type Implementation, openResources } from '../http/index.ts'
import type { Config, Log } from '../kernel/index.ts'
import { createIdentityVerifier, type Identity, type IdentityKeys } from '../protocol/index.ts'

/**
 * What answers in the place of a function that the one under test calls: its reply, made of the decoded input. `fail` throws a
 * failure of its contract.
 * @example
 * const getOrder: ServiceStub<typeof contract> = async ({ params }, { fail }) =>
 *   params.id === 'none' ? fail('order_not_found', 'There is none.') : { id: params.id, quantity: 1 }
 */
export type ServiceStub<C> = C extends EndpointContract
  ? (input: Input<C>, context: StubContext<C>) => Promise<Output<C>>
  : never

/**
 * What a stub learns of a call, and may do.
 * @example const isForAda = ({ caller }: StubContext<typeof contract>) => caller.sub === 'ada'
 */
export interface StubContext<C> {
  /** Who calls, as the called function would see it: the caller of the function under test. */
  readonly caller: Identity
  /** Throws a failure that the contract declares. */
  fail<Code extends Failure<C>>(code: Code, message: string, ...options: FailureOptions<C, Code>): never
}

interface ServicesOptions {
  readonly config: Config
  readonly log: Log
  readonly jwks: IdentityKeys['jwks']
}

/** A contract of a function that is called, with what answers for it. */
export interface TestService {
  readonly contract: EndpointContract
  /** Undefined where the test has named none: then a call says so. */
  readonly given: Implementation | Implementation['handle'] | undefined
}

/**
 * Starts the functions that the one under test calls, as the laptop's activator would serve them: `/{name}/…`. A whole function runs
 * on the database of the test; a stub checks identity and input by its contract, and replies.
 */
export async function startServices(services: readonly TestService[], { config, log, jwks }: ServicesOptions) {
  const opened = services.map(({ contract, given }) => {
    const { name } = contract
    if (!given) return { name, listener: missing(name), close: async () => {} }
    const fn = 'handle' in given ? given : stubbed(contract, given)
    const resources = openResources(fn.uses, config, log, fn.contract)
    const app = createApp(fn, { resources, log, verify: createIdentityVerifier(jwks, name) })
    return { name, listener: app as RequestListener, close: resources.close }
  })
  const server = createServer((request, response) => {
    const [, name, rest = ''] = /^\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? []
    const found = opened.find((one) => one.name === name)
    request.url = rest
    if (found) found.listener(request, response)
    else missing(String(name))(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    // A server that listens on a port has an address.
    template: `http://127.0.0.1:${(server.address() as AddressInfo).port}/{name}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await Promise.all(opened.map(({ close }) => close()))
    },
  }
}

/** A stub checks identity and input as its contract says, and need not decide whose a thing is. */
function stubbed(contract: EndpointContract, handle: Implementation['handle']): Implementation {
  const { owner: _owner, policy: _policy, scopes, ...access } = contract.access
  const { conditional: _conditional, ...rest } = contract
  const isDecidedInside = contract.access.owner === true
  return {
    contract: { ...rest, access: isDecidedInside ? access : { ...access, ...(scopes && { scopes }) } },
    uses: {},
    handle,
  }
}

const missing =
  (name: string): RequestListener =>
  (_request, response) => {
    const message = `The test has nothing in the place of ${name}: give testFunction() one in \`services\`.`
    response.writeHead(501, { 'content-type': 'application/problem+json' })
    response.end(problemJson(new Problem('internal', 501, message), 'test'))
  }
