import type { IncomingMessage } from 'node:http'
import { type ContractSet, Problem } from '../../../contract/index.ts'
import { OWN_KEY_ENDPOINTS } from '../../../protocol/own-key-endpoints.ts'
import { PROOF_ALGORITHMS } from '../../../protocol/tokens/proof-algorithms.ts'
import { WEBHOOK_ENDPOINTS } from '../../../protocol/webhook-endpoints.ts'
import { originOf, RESOURCE_METADATA_PATH } from '../challenge.ts'
import type { GatewayContext, Reply, Step } from '../context.ts'
import type { DocsFile, GatewayDependencies } from '../dependencies.ts'
import { byRunning } from '../explanation.ts'
import { withIssuers } from '../issuers-in-openapi.ts'

/**
 * Answers the platform's own paths: `/_/health`, `/_/ready`, `/openapi.json`, `/asyncapi.json`, where there are issuers their names by RFC 9728,
 * and `/` where no contract does.
 */
export function platformRoutes({
  ready,
  contracts,
  authenticate,
  issuers = [],
  webhooks,
}: Pick<GatewayDependencies, 'ready' | 'contracts' | 'authenticate' | 'issuers' | 'webhooks'>): Step {
  const absent = [...(authenticate.token ? [] : OWN_KEY_ENDPOINTS), ...(webhooks ? [] : WEBHOOK_ENDPOINTS)]
  const serializeOpenapi = createSerializer(({ openapi }) =>
    withIssuers(
      without(
        openapi,
        absent.map(({ path }) => path),
      ),
      issuers,
    ),
  )
  const serializeAsyncapi = createSerializer(({ asyncapi }) => asyncapi)
  const metadata = (context: GatewayContext) =>
    jsonReply(JSON.stringify(describeResource(context, issuers, contracts())))
  const paths = new Map<string, (context: GatewayContext) => Reply | Problem | Promise<Reply | Problem>>([
    ...(issuers.length === 0 ? [] : [[RESOURCE_METADATA_PATH, metadata] as const]),
    ['/_/health', () => OK],
    ['/_/ready', async () => ((await ready()) ? OK : NOT_READY)],
    ['/openapi.json', () => jsonReply(serializeOpenapi(contracts()))],
    [
      '/asyncapi.json',
      () => (contracts().asyncapi === undefined ? NO_ASYNCAPI : jsonReply(serializeAsyncapi(contracts()))),
    ],
  ])
  const step: Step = function platformRoutes(context) {
    const { path, request } = context
    // A contract may serve the root itself.
    if (path === '/' && !contracts().routes.some((route) => route.path === '/' || route.path === '/*'))
      return rootNotFound()
    const reply = paths.get(path)
    if (!reply) return undefined
    return isRead(request) ? reply(context) : readOnly(path)
  }
  return byRunning(step, ({ path }) => `${path} is no path of the platform's own.`)
}

const isRead = ({ method }: IncomingMessage) => method === 'GET' || method === 'HEAD'

const readOnly = (path: string) =>
  new Problem('method_not_allowed', 405, `${path} can only be read.`, { headers: { allow: 'GET, HEAD' } })

const jsonReply = (body: string): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body,
})

/** Points to the API's reference and document (RFC 8631). */
const rootNotFound = () =>
  new Problem(
    'not_found',
    404,
    'There is nothing here; the API is explained at /docs, and its document is /openapi.json.',
    {
      headers: { link: '</docs>; rel="service-doc", </openapi.json>; rel="service-desc"' },
    },
  )

const NO_ASYNCAPI = new Problem('not_found', 404, 'The contracts were bundled before there was this document.')
const OK = jsonReply('{"status":"ok"}')
const NOT_READY: Reply = { ...jsonReply('{"status":"unavailable"}'), status: 503 }

/** Protected resource metadata (RFC 9728, 2). */
const describeResource = (context: GatewayContext, issuers: readonly string[], { routes }: ContractSet) => ({
  resource: originOf(context),
  authorization_servers: issuers,
  scopes_supported: [...new Set(routes.flatMap(({ scopes }) => scopes))].sort(),
  bearer_methods_supported: ['header'],
  dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
})

/** Serialises a document once for each set of contracts. */
function createSerializer(documentOf: (set: ContractSet) => unknown) {
  let last: { set: ContractSet; text: string } | undefined
  return (set: ContractSet) => {
    if (last?.set !== set) last = { set, text: JSON.stringify(documentOf(set)) }
    return last.text
  }
}

/** Without the paths that this gateway has not: what takes a login, where nobody can log in, and webhooks, where nobody has any. */
function without(document: unknown, absent: readonly string[]): unknown {
  const { paths, ...rest } = Object(document) as { readonly paths?: Readonly<Record<string, unknown>> }
  if (!paths) return document
  return { ...rest, paths: Object.fromEntries(Object.entries(paths).filter(([path]) => !absent.includes(path))) }
}

/** Serves `/docs` and the files below it: the API reference, which loads nothing from other origins, but may log in at one. */
export function docs({ docs: find }: Pick<GatewayDependencies, 'docs'>): Step {
  async function serve({ path, request, responseHeaders }: GatewayContext) {
    const file = await find(path)
    if (!file) return undefined
    if (file.framedBy) delete responseHeaders['x-frame-options']
    // The page may hold a key: pages of other origins may call the API, but not read this page.
    delete responseHeaders['access-control-allow-origin']
    delete responseHeaders['access-control-expose-headers']
    return isRead(request) ? fileReply(file) : readOnly(path)
  }
  const step: Step = function docs(context) {
    const { path } = context
    return path === '/docs' || path.startsWith('/docs/') ? serve(context) : undefined
  }
  return byRunning(step, ({ path }) => `${path} is no page of the API's reference.`)
}

const contentSecurityPolicy = ({ connectsTo, framedBy = [] }: DocsFile) =>
  [
    ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
    `connect-src 'self'${connectsTo === undefined ? '' : ` ${connectsTo}`}`,
    ...["base-uri 'none'", "form-action 'none'", `frame-ancestors ${framedBy.join(' ') || "'none'"}`],
  ].join('; ')

const fileReply = (file: DocsFile): Reply => ({
  status: 200,
  headers: {
    'content-type': file.type,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
    'content-security-policy': contentSecurityPolicy(file),
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  },
  body: file.body,
})
