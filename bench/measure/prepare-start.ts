import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { killOnExit } from './kill-on-exit.ts'

/** A server program as it is measured. */
export interface Subject {
  readonly name: string
  /** For `process.execPath`. */
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env: Readonly<Record<string, string>>
  /** The variable of its port; default: PORT. */
  readonly portVariable?: string
  /** The request, made for each start anew. */
  readonly request: () => HttpRequest
  readonly expectStatus: number
  /** Only its start is measured. */
  readonly startOnly?: boolean
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Started extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  /** From before spawn until the status line was here. */
  readonly firstAnswerMs: number
  /** Calls back when it has ended by itself. */
  onExit(ended: () => void): void
}

const MAX_START_MS = 60_000
const PAUSE_MS = 0.25

/**
 * Makes ready all that a start needs, so that the function returned has nothing to do but to spawn the program, connect
 * until that succeeds, and wait for the expected status. The caller disposes of it.
 */
export async function prepareStart(subject: Subject): Promise<() => Promise<Started>> {
  const { args, cwd = process.cwd(), env, portVariable = 'PORT', request, expectStatus } = subject
  const port = await findFreePort()
  const requestBytes = bytesOf(request())
  const options = {
    cwd,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env, [portVariable]: String(port) },
    stdio: 'ignore' as const,
  }
  return async () => {
    const startedAt = performance.now()
    const child = spawn(process.execPath, args, options)
    const end = killOnExit(child)
    try {
      const answeredAt = await firstAnswer(child, port, requestBytes, expectStatus)
      const firstAnswerMs = answeredAt - startedAt
      const onExit = (ended: () => void) => void child.once('exit', ended)
      return { pid: child.pid ?? 0, port, firstAnswerMs, onExit, [Symbol.asyncDispose]: end }
    } catch (cause) {
      await end()
      throw new Error(`${subject.name} did not start: node ${args.join(' ')}`, { cause })
    }
  }
}

function bytesOf({ method, path, headers, body = '' }: HttpRequest): Buffer {
  const all = { host: '127.0.0.1', ...headers, ...(body ? { 'content-length': String(Buffer.byteLength(body)) } : {}) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/** When the first byte of the expected answer was here, as of performance.now(). */
function firstAnswer(child: ChildProcess, port: number, request: Buffer, expectStatus: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let lastStatus = 0
  let isOver = false
  const tooLate = () =>
    reject(new Error(`No ${expectStatus} within ${MAX_START_MS} ms (last status: ${lastStatus || 'none'})`))
  const limit = setTimeout(tooLate, MAX_START_MS)
  child.once('error', reject)
  child.once('exit', (code, signal) => reject(new Error(`It exited with ${code ?? signal}`)))

  const attempt = () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.write(request)
    socket.once('data', (chunk) => {
      const now = performance.now()
      lastStatus = statusOf(chunk)
      if (lastStatus === expectStatus) resolve(now)
      socket.destroy()
    })
    // Refused, since nothing listens yet: `close` comes next.
    socket.once('error', () => {})
    socket.once('close', () => {
      if (isOver) return
      pause()
      attempt()
    })
  }
  attempt()
  return promise.finally(() => {
    isOver = true
    clearTimeout(limit)
  })
}

/** Of `HTTP/1.1 200 OK`. */
const statusOf = (answer: Buffer | string) => Number(answer.toString().slice(9, 12))

const neverNotified = new Int32Array(new SharedArrayBuffer(4))

/** Sleeps without the millisecond that a timer takes at least. */
const pause = () => Atomics.wait(neverNotified, 0, 0, PAUSE_MS)

const MIN_PORT = 20_000
const PORT_COUNT = 10_000

/**
 * A port that nothing listens on, from below those that the kernel gives to outgoing connections: a socket that tries
 * one of those again and again, before the server listens, is sooner or later connected to itself.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = MIN_PORT + Math.floor(Math.random() * PORT_COUNT)
    const server = createServer()
    const isFree = await once(server.listen(port), 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error(`No free port from ${MIN_PORT} to ${MIN_PORT + PORT_COUNT}`)
}
