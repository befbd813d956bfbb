import { type ContractSet, Problem } from '../../../contract/index.ts'
import type { Reply, Step } from '../pipeline.ts'
import type { GatewayPorts } from '../ports.ts'

/** Answers the platform's own paths: `/_/health`, `/_/ready`, `/openapi.json`, and `/` where no contract does. */
export function ownPaths({ ready, contracts }: Pick<GatewayPorts, 'ready' | 'contracts'>): Step {
  const openapi = openapiOf()
  const paths = new Map<string, () => Reply | Problem | Promise<Reply | Problem>>([
    ['/_/health', () => OK],
    ['/_/ready', async () => ((await ready()) ? OK : NOT_READY)],
    ['/openapi.json', () => json(openapi(contracts()))],
  ])
  return function ownPaths({ path, request }) {
    // A contract may have the root itself.
    if (path === '/' && !contracts().routes.some((route) => route.path === '/')) return whereToLook()
    const answer = paths.get(path)
    if (!answer) return undefined
    if (request.method === 'GET' || request.method === 'HEAD') return answer()
    const headers = { allow: 'GET, HEAD' }
    return new Problem('method_not_allowed', 405, `${path} can only be read.`, { headers })
  }
}

const json = (body: string): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body,
})

/** Whoever begins at the root is told where the reference is (RFC 8631). */
const whereToLook = () =>
  new Problem(
    'not_found',
    404,
    'There is nothing here; the API is explained at /docs, and its document is /openapi.json.',
    {
      headers: { link: '</docs>; rel="service-doc", </openapi.json>; rel="service-desc"' },
    },
  )

const OK = json('{"status":"ok"}')
const NOT_READY: Reply = { ...json('{"status":"unavailable"}'), status: 503 }

/** The document as text, written once for each set of contracts. */
function openapiOf() {
  let last: { set: ContractSet; text: string } | undefined
  return (set: ContractSet) => {
    if (last?.set !== set) last = { set, text: JSON.stringify(set.openapi) }
    return last.text
  }
}
