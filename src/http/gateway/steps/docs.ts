import { Problem } from '../../../contract/index.ts'
import type { Reply, Step } from '../pipeline.ts'
import type { DocsFile, GatewayPorts } from '../ports.ts'

/** Answers `/docs` and what lies below it: the API reference, which loads nothing from elsewhere. */
export function docs({ docs: find }: Pick<GatewayPorts, 'docs'>): Step {
  return async function docs({ path, request, answerHeaders }) {
    if (path !== '/docs' && !path.startsWith('/docs/')) return undefined
    const file = await find(path)
    if (!file) return undefined
    // The page may hold a key: the pages of other origins call the API, but do not read this.
    delete answerHeaders['access-control-allow-origin']
    delete answerHeaders['access-control-expose-headers']
    if (request.method === 'GET' || request.method === 'HEAD') return toReply(file)
    return new Problem('method_not_allowed', 405, `${path} can only be read.`, { headers: { allow: 'GET, HEAD' } })
  }
}

const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ')

const toReply = ({ type, body, lasting }: DocsFile): Reply => ({
  status: 200,
  headers: {
    'content-type': type,
    'cache-control': lasting ? 'public, max-age=31536000, immutable' : 'no-store',
    'content-security-policy': POLICY,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  },
  body,
})
