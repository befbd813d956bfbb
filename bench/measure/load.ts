import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Pool } from 'undici'
import { findProgram } from '../../test/support/find-program.ts'
import { killOnExit } from './kill-on-exit.ts'
import type { HttpRequest, Started, Subject } from './prepare-start.ts'
import { readCpuMicros } from './process-usage.ts'

/** What sends the requests: wrk where there is one, else undici, which costs so much that it may be the limit. */
export const loadGenerator = findProgram('wrk') ? 'wrk' : 'undici'

interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Where wrk has measured it: how long requests took. */
  readonly p50Ms?: number
  readonly p99Ms?: number
}

export interface Load {
  readonly requestsPerSecond: number
  /** Of the process under test, for each request. */
  readonly cpuMicros: number
  /** Of one core, by the process under test: well below 1, the load and not the process was the limit. */
  readonly coreShare: number
  readonly requests: number
  readonly p50Ms?: number
  readonly p99Ms?: number
}

const CONNECTIONS = 64

export interface LoadOptions {
  /** Requests a second, for wrk: each connection waits at random before its next one. Default: as many as are answered. */
  readonly rate?: number | undefined
}

/** Sends a process requests for this time, over 64 connections. */
export async function load(
  { pid, port }: Pick<Started, 'pid' | 'port'>,
  subject: Pick<Subject, 'request' | 'expectStatus'>,
  seconds: number,
  { rate }: LoadOptions = {},
): Promise<Load> {
  const send = loadGenerator === 'wrk' ? loadWithWrk : loadWithUndici
  const origin = `http://127.0.0.1:${port}`
  const before = await readCpuMicros(pid)
  const answered = await send(origin, subject, { connections: CONNECTIONS, seconds, rate })
  const spent = (await readCpuMicros(pid)) - before
  return {
    requestsPerSecond: answered.requests / answered.seconds,
    cpuMicros: spent / answered.requests,
    coreShare: spent / 1_000_000 / answered.seconds,
    ...answered,
  }
}

interface SendOptions extends LoadOptions {
  readonly connections: number
  readonly seconds: number
}

/** Asks over so many connections, each again as soon as it is answered. */
async function loadWithUndici(
  origin: string,
  { request, expectStatus }: Pick<Subject, 'request' | 'expectStatus'>,
  { connections, seconds, rate }: SendOptions,
): Promise<LoadResult> {
  if (rate !== undefined) throw new Error('a fixed rate takes wrk')
  const { method, path, headers, body } = request()
  const pool = new Pool(origin, { connections, headersTimeout: 10_000, bodyTimeout: 10_000 })
  const ask = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    pool.dispatch(
      { method, path, headers, ...(body ? { body } : {}) },
      {
        onRequestStart() {},
        onResponseStart(_controller, status) {
          if (status !== expectStatus) reject(new Error(`${origin}${path} answered ${status}`))
        },
        onResponseData() {},
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    )
    return promise
  }
  let requests = 0
  const startedAt = performance.now()
  const until = startedAt + seconds * 1_000
  const connection = async () => {
    while (performance.now() < until) {
      await ask()
      requests++
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, connection))
    return { requests, seconds: (performance.now() - startedAt) / 1_000 }
  } finally {
    await pool.destroy()
  }
}

const WRK_TIMEOUT_SECONDS = 10

/** Lets wrk ask from one thread over so many connections. */
async function loadWithWrk(
  origin: string,
  { request: requestOf, expectStatus }: Pick<Subject, 'request' | 'expectStatus'>,
  { connections, seconds, rate }: SendOptions,
): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-wrk-'))
  try {
    const request = requestOf()
    const script = join(folder, 'request.lua')
    const meanDelayMs = rate === undefined ? 0 : (connections * 1_000) / rate
    await writeFile(script, luaOf(request, meanDelayMs))
    const size = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`]
    // Its own is 2 s, and on a busy machine a late answer is still one.
    const args = [
      ...size,
      '--latency',
      '--timeout',
      `${WRK_TIMEOUT_SECONDS}s`,
      '--script',
      script,
      origin + request.path,
    ]
    const running = promisify(execFile)('wrk', args, { timeout: (seconds + 2 * WRK_TIMEOUT_SECONDS) * 1_000 })
    await using _wrk = { [Symbol.asyncDispose]: killOnExit(running.child) }
    const { stdout, stderr } = await running
    return parseReport(stdout + stderr, expectStatus)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function luaOf({ method, headers, body }: HttpRequest, meanDelayMs: number): string {
  const set = Object.entries(headers).map(([name, value]) => `wrk.headers[ ${quoted(name)} ] = ${quoted(value)}`)
  const delay = `function delay() return math.random(0, ${Math.round(2 * meanDelayMs)}) end`
  return [
    ...[`wrk.method = ${quoted(method)}`, ...set, ...(body ? [`wrk.body = ${quoted(body)}`] : [])],
    ...(meanDelayMs > 0 ? [delay] : []),
  ].join('\n')
}

const quoted = (text: string) => `[==[${text}]==]`

function parseReport(report: string, expectStatus: number): LoadResult {
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(report) ?? []
  const [, unsuccessful = '0'] = /Non-2xx or 3xx responses: (\d+)/.exec(report) ?? []
  // Before a limit refuses, it lets one pass.
  const isExpected = expectStatus < 400 ? unsuccessful === '0' : Number(unsuccessful) >= Number(requests) - 1
  if (!requests || !isExpected || /Socket errors|request\.lua/.test(report)) throw new Error(`wrk reported\n${report}`)
  return {
    requests: Number(requests),
    seconds: Number(seconds),
    p50Ms: latencyOf(report, 50),
    p99Ms: latencyOf(report, 99),
  }
}

const MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 }

/** Of wrk's ` 99%    1.10ms`. */
function latencyOf(report: string, percent: number): number {
  const [, value, unit = ''] = new RegExp(`\\s${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(report) ?? []
  return Number(value) * (MS[unit] ?? Number.NaN)
}
