import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { buffer, json } from 'node:stream/consumers'

/** As many environments as a function gets at most; each handles one request at a time. */
const MAX_ENVIRONMENTS = 4
const TIMEOUT_MS = 30_000
const SEPARATOR = Buffer.alloc(8)

interface Invocation {
  readonly id: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * Stands where AWS Lambda stands: takes requests on PORT as a function URL does, makes events of them (version 2.0), and
 * hands these out by the runtime interface, as its documentation describes it, to processes of the function that it starts; or
 * to AWS's web adapter beside each, where `adapter` names its program.
 */
export function front(entryPoint: string, { adapter }: { readonly adapter?: string | undefined } = {}): void {
  const waiting: Invocation[] = []
  const asking: ServerResponse[] = []
  const running = new Map<string, Invocation>()
  let environments = 0

  const match = async (): Promise<void> => {
    const [next] = waiting
    if (!next) return
    const idle = asking.shift()
    if (!idle) return environments < MAX_ENVIRONMENTS ? startEnvironment() : undefined
    waiting.shift()
    running.set(next.id, next)
    const event = JSON.stringify(await toEvent(next.request))
    idle.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      'lambda-runtime-deadline-ms': Date.now() + TIMEOUT_MS,
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:123456789012:function:conformance',
    })
    idle.end(event)
  }

  const runtime = createServer(async (request, response) => {
    if (request.url?.startsWith('/2020-01-01/extension/')) return answerExtension(request, response)
    const [, id = '', what] =
      /^\/2018-06-01\/runtime\/invocation\/(?:([\w-]+)\/)?(next|response|error)$/.exec(request.url ?? '') ?? []
    if (what === 'next') {
      asking.push(response)
      return match()
    }
    const invocation = running.get(id)
    if (!invocation) return response.writeHead(400).end()
    running.delete(id)
    await (what === 'error' ? answerError(invocation, request) : answer(invocation, request))
    response.writeHead(202).end()
  })

  function startEnvironment(): void {
    environments++
    const api = `127.0.0.1:${portOf(runtime)}`
    const child = spawn(process.execPath, [entryPoint], {
      env: { ...process.env, PORT: '0', AWS_LAMBDA_RUNTIME_API: api, ...(adapter ? { AWS_LWA_PORT: '0' } : {}) },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let beside: ChildProcess | undefined
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"msg":"listening"')) process.stdout.write(`${line}\n`)
      else if (adapter) beside = startAdapter(adapter, { api, port: JSON.parse(line).port })
    })
    child.on('exit', () => {
      environments--
      beside?.kill('SIGKILL')
      void match()
    })
    process.once('exit', () => {
      child.kill('SIGKILL')
      beside?.kill('SIGKILL')
    })
  }

  // As the real one: a function may take minutes between two requests on one connection.
  runtime.keepAliveTimeout = 0
  runtime.listen(0, '127.0.0.1', () => {
    const url = createServer((request, response) => {
      waiting.push({ id: randomUUID(), request, response })
      void match()
    })
    // Longer than the laptop's activator keeps a connection: a body that is streamed is sent once.
    url.keepAliveTimeout = 95_000
    url.listen(Number(process.env.PORT), '127.0.0.1', () =>
      process.stdout.write(`${JSON.stringify({ level: 'info', msg: 'listening', port: portOf(url) })}\n`),
    )
  })
  process.on('SIGTERM', () => process.exit(0))
  process.stdin.on('end', () => process.exit(0)).resume()
}

/** AWS's adapter finds the function on its port as soon as that is ready, and asks for invocations in its place. */
const startAdapter = (adapter: string, { api, port }: { readonly api: string; readonly port: number }) =>
  spawn(adapter, [], {
    env: {
      ...{ AWS_LAMBDA_RUNTIME_API: api, AWS_LWA_PORT: String(port), AWS_LWA_READINESS_CHECK_PATH: '/_/ready' },
      ...{
        AWS_LWA_INVOKE_MODE: 'response_stream',
        AWS_LAMBDA_FUNCTION_NAME: 'conformance',
        AWS_LAMBDA_FUNCTION_VERSION: '1',
      },
      ...{
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_LAMBDA_LOG_GROUP_NAME: 'none',
        AWS_LAMBDA_LOG_STREAM_NAME: 'none',
      },
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })

/** The interface for extensions: one is registered, and waits for events that never come. */
function answerExtension(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  if (!request.url?.endsWith('/register')) return
  response.writeHead(200, { 'lambda-extension-identifier': randomUUID(), 'content-type': 'application/json' })
  response.end(JSON.stringify({ functionName: 'conformance', functionVersion: '1', handler: 'none' }))
}

// A server that listens on a port has an address.
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port

async function toEvent(request: IncomingMessage) {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
  const { cookie, ...headers } = request.headers
  const body = await buffer(request)
  return {
    ...{ version: '2.0', routeKey: '$default', rawPath: pathname, rawQueryString: search.slice(1), headers },
    ...(cookie ? { cookies: cookie.split('; ') } : {}),
    requestContext: {
      ...{
        accountId: 'anonymous',
        apiId: 'front',
        domainName: 'localhost',
        domainPrefix: 'front',
        requestId: randomUUID(),
      },
      ...{ routeKey: '$default', stage: '$default', time: '30/Nov/2026:15:00:00 +0000', timeEpoch: Date.now() },
      http: { method: request.method, path: pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'front' },
    },
    ...(body.length > 0 ? { body: body.toString('base64') } : {}),
    isBase64Encoded: body.length > 0,
  }
}

interface Result {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly body?: string
  readonly isBase64Encoded?: boolean
}

const writeHead = (response: ServerResponse, { statusCode, headers, cookies }: Result) =>
  response.writeHead(statusCode, { ...headers, ...(cookies ? { 'set-cookie': [...cookies] } : {}) })

async function answer({ response }: Invocation, request: IncomingMessage): Promise<void> {
  if (request.headers['lambda-runtime-function-response-mode'] === 'streaming') return stream(response, request)
  const result = (await json(request)) as Result
  writeHead(response, result).end(Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8'))
}

/** The head until eight zero bytes, then the body as it comes; one that is cut is cut for the caller, too. */
async function stream(response: ServerResponse, request: IncomingMessage): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of request) {
    if (!head) {
      response.write(chunk)
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf(SEPARATOR)
    if (end < 0) continue
    writeHead(response, JSON.parse(head.subarray(0, end).toString())).write(head.subarray(end + SEPARATOR.length))
    head = undefined
  }
  if (request.trailers['lambda-runtime-function-error-type']) response.destroy()
  else response.end()
}

async function answerError({ response }: Invocation, request: IncomingMessage): Promise<void> {
  await buffer(request)
  response.writeHead(502).end('{"Message":"Internal Server Error"}')
}
