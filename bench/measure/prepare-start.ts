import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { freePort } from './free-port.ts'
import { killOnExit } from './kill-on-exit.ts'
import type { HttpRequest, Subject } from './subject.ts'

export interface Started extends AsyncDisposable {
  readonly pid: number
  readonly port: number
  /** From before spawn until the status line was here. */
  readonly firstAnswerMs: number
  /** Calls back when it has ended by itself. */
  onExit(ended: () => void): void
}

const MOST_MS = 10_000
const PAUSE_MS = 0.25

/**
 * Makes ready all that a start needs, so that the function returned has nothing to do but to spawn the program, connect
 * until that succeeds, and wait for the expected status. Whoever started it disposes of it.
 */
export async function prepareStart(subject: Subject): Promise<() => Promise<Started>> {
  const { args, cwd = process.cwd(), env, portVariable = 'PORT', request, expectStatus } = subject
  const port = await freePort()
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
    reject(new Error(`No ${expectStatus} within ${MOST_MS} ms (last status: ${lastStatus || 'none'})`))
  const limit = setTimeout(tooLate, MOST_MS)
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
    // Refused, and nobody listens yet: closed is what it becomes next.
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

const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Sleeps without the millisecond that a timer takes at least. */
const pause = () => Atomics.wait(nobody, 0, 0, PAUSE_MS)
