import { SCOPE } from './check-access.ts'
import { checkKeys, checkName, createRefuse, type Refuse } from './check-common.ts'
import { checkEgress, MAX_TIMEOUT_MS } from './check-deployment.ts'
import { checkRate } from './check-rate.ts'
import { MAX_STREAM_BYTES } from './defaults.ts'
import { isReservedPath, parseProxyPath } from './path-template.ts'
import { parseProxiedUrl } from './proxied-url.ts'
import { PROXIED_METHODS, type ProxyShape, type ProxyUpstream } from './proxy-shape.ts'

const KEYS = [
  ...['name', 'summary', 'description', 'path', 'methods', 'upstream', 'access', 'tenancy', 'limit', 'concurrency'],
  ...['timeoutMs', 'maxBodyBytes', 'cache'],
]
const UPSTREAM_KEYS = [
  ...['url', 'stripPrefix', 'host', 'credentials', 'identity', 'cors', 'egress', 'setHeaders', 'removeHeaders'],
]
const ACCESS_KEYS = ['scopes', 'anonymous', 'dpop', 'authorizer']
const MAX_CONCURRENCY = 10_000

/** Throws a ContractError at the first contradiction. */
export function checkProxy(contract: ProxyShape) {
  const refuse = createRefuse(contract.name)
  checkName(contract.name, refuse)
  checkKeys(contract, KEYS, refuse)
  refuse(!contract.summary, 'say in `summary` what is behind it, in one sentence')
  checkPath(contract, refuse)
  checkMethods(contract, refuse)
  refuse(contract.upstream === undefined, 'say in `upstream.url` where the service is')
  checkUpstream(contract, refuse)
  checkHeaders(contract.upstream, refuse)
  checkAccess(contract, refuse)
  if (contract.limit) checkRate('limit', contract.limit, refuse)
  const { timeoutMs = 1, concurrency = 1, maxBodyBytes = 0, cache = 'origin' } = contract
  refuse(
    cache !== 'origin' && cache !== 'origin-and-callers',
    "cache must be 'origin' or 'origin-and-callers', or be left out: how long a response is kept, its own headers say",
  )
  const within = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most
  refuse(!within(timeoutMs, 1, MAX_TIMEOUT_MS), `timeoutMs must be 1 to ${MAX_TIMEOUT_MS}`)
  refuse(!within(concurrency, 1, MAX_CONCURRENCY), `concurrency must be whole, and 1 to ${MAX_CONCURRENCY}`)
  refuse(!within(maxBodyBytes, 0, MAX_STREAM_BYTES), `maxBodyBytes must be whole, and 0 to ${MAX_STREAM_BYTES}`)
}

function checkPath({ path, upstream }: ProxyShape, refuse: Refuse) {
  try {
    parseProxyPath(path)
  } catch (error) {
    refuse(true, error instanceof Error ? error.message : String(error))
  }
  refuse(isReservedPath(path), `path ${path} is the platform's own; choose another one`)
  if (!upstream?.stripPrefix) return
  refuse(
    !/^\/[^{]+\/\*$/.test(path),
    '`upstream.stripPrefix` needs a path such as /shop/*: something before the `*`, and no {parameter}',
  )
}

function checkMethods({ methods, upstream }: ProxyShape, refuse: Refuse) {
  if (methods === undefined) return
  refuse(methods.length === 0, '`methods` is empty, so that nothing gets through; leave it out for all of them')
  for (const method of methods) {
    refuse((method as string) === 'HEAD', 'GET in `methods` includes HEAD; leave HEAD out')
    refuse(!PROXIED_METHODS.includes(method), `method ${method} must be one of ${PROXIED_METHODS.join(', ')}`)
  }
  refuse(new Set(methods).size < methods.length, '`methods` names one method twice')
  refuse(
    upstream?.cors !== undefined && !methods.includes('OPTIONS'),
    "`upstream.cors` passes on the service's answers to OPTIONS; add OPTIONS to `methods`",
  )
}

function checkUpstream({ upstream }: ProxyShape, refuse: Refuse) {
  checkKeys(upstream, UPSTREAM_KEYS, refuse)
  const { url, stripPrefix, host, credentials, identity, cors } = upstream
  try {
    parseProxiedUrl(url)
  } catch (error) {
    refuse(true, `upstream.url ${error instanceof Error ? error.message : String(error)}`)
  }
  refuse(stripPrefix !== undefined && stripPrefix !== true, 'upstream.stripPrefix must be true, or be left out')
  const only = (part: string, given: unknown, ...values: readonly string[]) =>
    refuse(
      given !== undefined && !values.includes(String(given)),
      `upstream.${part} must be ${values.join(' or ')}, or be left out`,
    )
  only('host', host, 'preserve')
  only('credentials', credentials, 'forward')
  only('identity', identity, 'plain', 'none')
  only('cors', cors, 'upstream')
  checkEgress(upstream.egress ?? [], refuse)
}

const HEADER = /^[a-z0-9!#$%&'*+.^`|~-]+$/
/** Visible ASCII, and spaces within. */
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/
/** Those that a hop sets, and those by which the platform says who calls. */
const PLATFORM_HEADER =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|via|forwarded|x-forwarded-.*|ebb-.*|x-correlation-id|traceparent)$/

function checkHeaders({ setHeaders = {}, removeHeaders = [] }: ProxyUpstream, refuse: Refuse) {
  for (const [name, value] of Object.entries(setHeaders)) {
    checkHeader('setHeaders', name, refuse)
    refuse(!HEADER_VALUE.test(value), `upstream.setHeaders "${name}" must have a value of visible ASCII characters`)
    refuse(removeHeaders.includes(name), `upstream sets and removes ${name}; to set it replaces the caller's already`)
  }
  for (const name of removeHeaders) checkHeader('removeHeaders', name, refuse)
}

function checkHeader(part: string, name: string, refuse: Refuse) {
  refuse(!HEADER.test(name), `upstream.${part} "${name}" must be the name of a header, in lower case`)
  refuse(PLATFORM_HEADER.test(name), `upstream.${part} "${name}" is the protocol's or the platform's; leave it out`)
}

function checkAccess({ access, tenancy, upstream }: ProxyShape, refuse: Refuse) {
  refuse(access === undefined, 'say in `access` who may call; {} is any authenticated caller')
  for (const part of ['owner', 'policy'])
    refuse(part in access, `no handler decides for a proxy, so that \`access.${part}\` has no effect; use \`scopes\``)
  checkKeys(access, ACCESS_KEYS, refuse)
  const { scopes = [], anonymous, dpop, authorizer } = access
  for (const scope of scopes) refuse(!SCOPE.test(scope), `scope "${scope}" must look like orders:write`)
  refuse(
    authorizer !== undefined && !(typeof authorizer === 'string' && authorizer !== ''),
    '`access.authorizer` must be the name of an authorizer() of this project',
  )
  for (const [part, given] of Object.entries({ scopes: scopes.length > 0, dpop, authorizer, tenancy }))
    refuse(!!anonymous && !!given, `\`anonymous\` lets anyone in, so that \`${part}\` has no effect; keep one of them`)
  refuse(!!dpop && !!authorizer, '`dpop` asks for a token, in whose place `authorizer` says who calls; keep one')
  refuse(
    tenancy !== undefined && tenancy !== true,
    '`tenancy` can only be true; leave it out where any caller may call',
  )
  refuse(
    !!anonymous && upstream.identity === 'plain',
    'anonymous callers are nobody, so that `upstream.identity` has nothing to say; drop one of them',
  )
}
