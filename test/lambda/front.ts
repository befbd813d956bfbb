import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { answerError, answerResult, readEvent } from './function-url.ts'

/** As many environments as a function gets at most; each handles one request at a time. */
const MAX_ENVIRONMENTS = 4
const TIMEOUT_MS = 30_000

interface Invocation {
  readonly id: string
  readonly event: object
  /** To the caller of the function URL. */
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

  const match = (): void => {
    const [next] = waiting
    if (!next) return
    const idle = asking.shift()
    if (!idle) {
      if (environments < MAX_ENVIRONMENTS) startEnvironment()
      return
    }
    waiting.shift()
    running.set(next.id, next)
    idle.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      'lambda-runtime-deadline-ms': Date.now() + TIMEOUT_MS,
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:123456789012:function:conformance',
    })
    idle.end(JSON.stringify(next.event))
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
    const answer = what === 'error' ? answerError : answerResult
    // What breaks off is cut for the caller, too.
    await answer(invocation.response, request).catch(() => invocation.response.destroy())
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
      match()
    })
    process.once('exit', () => {
      child.kill('SIGKILL')
      beside?.kill('SIGKILL')
    })
  }

  // As the real one: a function may take minutes between two requests on one connection.
  runtime.keepAliveTimeout = 0
  const url = createServer(async (request, response) => {
    const event = await readEvent(request)
    if (!event) return
    waiting.push({ id: randomUUID(), event, response })
    match()
  })
  // Longer than the laptop's activator keeps a connection: a body that is streamed is sent once.
  url.keepAliveTimeout = 95_000
  runtime.listen(0, '127.0.0.1', () =>
    url.listen(Number(process.env.PORT), '127.0.0.1', () =>
      process.stdout.write(`${JSON.stringify({ level: 'info', msg: 'listening', port: portOf(url) })}\n`),
    ),
  )
  // As where a new version takes the place of this one: what is under way is answered.
  process.on('SIGTERM', () => url.close(() => process.exit(0)))
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
