import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Problem, problemJson, type Route } from '../../contract/index.ts'
import { fingerprint, parseIdempotencyKey } from '../../http/idempotency.ts'
import type { StoredResponse } from '../../kernel/index.ts'
import type { FaultInjection } from './fault-injection.ts'
import type { MockRequest, MockResponder } from './mock-responder.ts'
import type { ResponseStore } from './response-store.ts'

interface MockFunctionsOptions {
  readonly responders: ReadonlyMap<string, MockResponder>
  readonly faults: FaultInjection
  readonly stored: ResponseStore
  /** The headers and cookies that the contract of an endpoint names. */
  readonly named: (endpoint: string) => Pick<Route, 'headers' | 'cookies'>
  /** Whether the body of an endpoint is passed on as it arrives. */
  readonly isStreamed: (endpoint: string) => boolean
}

/** Takes the place of all functions behind a gateway: responds to `/{name}/…` as the contract of that function says. */
export function createMockFunctions(options: MockFunctionsOptions): Server {
  return createServer((request, response) => {
    handle(request, response, options).catch((error: unknown) => {
      // A caller that hung up needs no response.
      if (!response.destroyed) send(response, problem(toProblem(error), correlationOf(request)))
    })
  })
}

async function handle(request: IncomingMessage, response: ServerResponse, options: MockFunctionsOptions) {
  const { responders, faults, stored, named, isStreamed } = options
  const [, name = '', target = '/'] = /^\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? []
  const respond = responders.get(name)
  if (!respond) throw new Problem('not_found', 404, `There is no endpoint ${name}.`)
  const mockRequest = await readRequest(request, target, isStreamed(name))
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  const failure = faults.nextFailure()
  await faults.wait(closed.signal)
  if (failure) throw failure
  const mockResponse = respond(mockRequest)
  const value = mockRequest.headers['idempotency-key']
  if (value !== undefined) {
    const { headers: contractHeaders, cookies: contractCookies } = named(name)
    const print = fingerprint({ ...mockRequest, headers: request.headersDistinct, contractHeaders, contractCookies })
    const claim = { route: name, key: parseIdempotencyKey(value), fingerprint: print }
    stored.store({ ...claim, caller: decodeURIComponent(mockRequest.headers['ebb-identity'] ?? '') }, mockResponse)
  }
  send(response, mockResponse)
}

async function readRequest(request: IncomingMessage, target: string, isStream: boolean): Promise<MockRequest> {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
  return {
    method: request.method === 'HEAD' ? 'GET' : (request.method ?? ''),
    target,
    headers: Object.fromEntries(headers),
    // The gateway has limited its size; of a stream, that may be more than there is memory.
    body: isStream ? await drop(request) : Buffer.concat(await request.toArray()),
    correlationId: correlationOf(request),
  }
}

async function drop(request: IncomingMessage): Promise<Buffer> {
  for await (const _chunk of request);
  return Buffer.alloc(0)
}

function send(response: ServerResponse, { status, headers, body }: StoredResponse) {
  // Without a revision the gateway takes it for the response of a proxy in between.
  const sent = { ...headers, 'ebb-revision': 'mock' }
  response.writeHead(status, status === 204 ? sent : { ...sent, 'content-length': Buffer.byteLength(body) }).end(body)
}

const correlationOf = ({ headers }: IncomingMessage) => String(headers['x-correlation-id'] ?? '')

const toProblem = (error: unknown) =>
  error instanceof Problem ? error : new Problem('internal', 500, `The mock itself failed: ${error}`, { cause: error })

const problem = (error: Problem, correlationId: string): StoredResponse => ({
  status: error.status,
  headers: { 'content-type': 'application/problem+json', ...error.headers },
  body: Buffer.from(problemJson(error, correlationId)),
})
