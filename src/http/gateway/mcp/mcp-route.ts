import type { Route } from '../../../contract/index.ts'
import { MAX_BODY_BYTES } from '../../../contract/index.ts'

/** What a message has around the body of the request that it asks for. */
const ENVELOPE_BYTES = 64 * 1024

/** Where agents find tools and call them: a route of the gateway's own, which no contract may have. Each tool has its own access. */
export const MCP_ROUTE: Route = Object.freeze({
  ...{ kind: 'endpoint', name: '_mcp', summary: 'Offer the endpoints that are tools, by the Model Context Protocol.' },
  ...{ method: 'POST', path: '/mcp', headers: ['mcp-protocol-version', 'mcp-method', 'mcp-name'] },
  ...{ hasBody: true, maxBodyBytes: MAX_BODY_BYTES + ENVELOPE_BYTES },
  ...{
    scopes: [],
    owner: false,
    policy: false,
    anonymous: true,
    idempotent: false,
    async: false,
    readOnly: false,
    emits: [],
  },
  ...{ timeoutMs: 10_000, scale: { max: 1, concurrency: 1 }, secrets: [] },
} as const)
