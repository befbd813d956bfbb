import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { Problem } from 'ebb/contract'
import { type Config, type Log, listenOn } from 'ebb/kernel'
import { sendProblem } from './send-problem.ts'

export interface AdminOptions {
  readonly isReady: () => boolean
  readonly isAlive: () => boolean
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  readonly log: Log
}

/**
 * Starts the admin side on `EBB_ADMIN_PORT`, where that is set. Resolves to the port. Rejects with a ConfigError where
 * another process has it.
 */
export async function startAdmin({ EBB_ADMIN_PORT, EBB_HOST }: Config, options: AdminOptions) {
  if (EBB_ADMIN_PORT === undefined) return { port: undefined, close: () => {} }
  const server = createServer(createAdminListener(options))
  const port = await listenOn(server, EBB_HOST, EBB_ADMIN_PORT, 'EBB_ADMIN_PORT')
  return {
    port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface AdminResponse {
  readonly contentType: string
  readonly body: string
}

/** `/_/health`, `/_/ready` and `/metrics`. */
function createAdminListener({ isReady, isAlive, metrics, log }: AdminOptions): RequestListener {
  const paths = new Map<string, () => AdminResponse | Promise<AdminResponse>>([
    ['/_/health', () => (isAlive() ? OK : fail(STUCK))],
    ['/_/ready', () => (isReady() ? OK : fail(NOT_READY))],
    ['/metrics', async () => ({ contentType: metrics.contentType, body: await metrics.text() })],
  ])
  const respond = async ({ method, url = '' }: IncomingMessage): Promise<AdminResponse> => {
    const handler = paths.get(url.split('?', 1)[0] ?? '')
    if (!handler) return fail(NOT_FOUND)
    return method === 'GET' || method === 'HEAD' ? handler() : fail(NOT_ALLOWED)
  }
  return function admin(request, response) {
    respond(request).then(
      ({ contentType, body }) => response.writeHead(200, { ...NO_STORE, 'content-type': contentType }).end(body),
      (error: unknown) => sendProblem(error, { request, response, log }),
    )
  }
}

const OK: AdminResponse = { contentType: 'application/json', body: '{"status":"ok"}' }
const NO_STORE = { 'cache-control': 'no-store' }
const NOT_READY = new Problem('unavailable', 503, 'The relay is not ready: the database is unavailable.', {
  retryAfterSeconds: 2,
})
const STUCK = new Problem('unavailable', 503, 'The poll loop is stuck; the relay has to be restarted.', {
  retryAfterSeconds: 2,
})
const NOT_FOUND = new Problem('not_found', 404, 'There is nothing at this path.')
const NOT_ALLOWED = new Problem('method_not_allowed', 405, 'This can only be read.', {
  headers: { allow: 'GET, HEAD' },
})
function fail(problem: Problem): never {
  throw problem
}
