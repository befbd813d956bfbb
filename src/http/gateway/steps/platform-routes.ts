import { type ContractSet, Problem } from '../../../contract/index.ts'
import type { DocsFile, GatewayDependencies } from '../dependencies.ts'
import type { Reply, Step } from '../pipeline.ts'

/** Answers the platform's own paths: `/_/health`, `/_/ready`, `/openapi.json`, and `/` where no contract does. */
export function platformRoutes({ ready, contracts }: Pick<GatewayDependencies, 'ready' | 'contracts'>): Step {
  const openapi = openapiSerializer()
  const paths = new Map<string, () => Reply | Problem | Promise<Reply | Problem>>([
    ['/_/health', () => OK],
    ['/_/ready', async () => ((await ready()) ? OK : NOT_READY)],
    ['/openapi.json', () => jsonReply(openapi(contracts()))],
  ])
  return function ownPaths({ path, request }) {
    // A contract may have the root itself.
    if (path === '/' && !contracts().routes.some((route) => route.path === '/')) return rootNotFound()
    const answer = paths.get(path)
    if (!answer) return undefined
    if (request.method === 'GET' || request.method === 'HEAD') return answer()
    const headers = { allow: 'GET, HEAD' }
    return new Problem('method_not_allowed', 405, `${path} can only be read.`, { headers })
  }
}

const jsonReply = (body: string): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body,
})

/** Whoever begins at the root is told where the reference is (RFC 8631). */
const rootNotFound = () =>
  new Problem(
    'not_found',
    404,
    'There is nothing here; the API is explained at /docs, and its document is /openapi.json.',
    {
      headers: { link: '</docs>; rel="service-doc", </openapi.json>; rel="service-desc"' },
    },
  )

const OK = jsonReply('{"status":"ok"}')
const NOT_READY: Reply = { ...jsonReply('{"status":"unavailable"}'), status: 503 }

/** The document as text, written once for each set of contracts. */
function openapiSerializer() {
  let last: { set: ContractSet; text: string } | undefined
  return (set: ContractSet) => {
    if (last?.set !== set) last = { set, text: JSON.stringify(set.openapi) }
    return last.text
  }
}

/** Answers `/docs` and what lies below it: the API reference, which loads nothing from elsewhere. */
export function docs({ docs: find }: Pick<GatewayDependencies, 'docs'>): Step {
  return async function docs({ path, request, responseHeaders }) {
    if (path !== '/docs' && !path.startsWith('/docs/')) return undefined
    const file = await find(path)
    if (!file) return undefined
    // The page may hold a key: the pages of other origins call the API, but do not read this.
    delete responseHeaders['access-control-allow-origin']
    delete responseHeaders['access-control-expose-headers']
    if (request.method === 'GET' || request.method === 'HEAD') return fileReply(file)
    return new Problem('method_not_allowed', 405, `${path} can only be read.`, { headers: { allow: 'GET, HEAD' } })
  }
}

const CONTENT_SECURITY_POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ')

const fileReply = ({ type, body, immutable }: DocsFile): Reply => ({
  status: 200,
  headers: {
    'content-type': type,
    'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-store',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  },
  body,
})
