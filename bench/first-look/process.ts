import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Pool } from 'undici'
import { findFreePort } from '../measure/prepare-start.ts'
import { readCpuMicros } from '../measure/process-usage.ts'

/** A server program as it is measured. */
export interface Subject {
  readonly name: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Started {
  readonly child: ChildProcess
  readonly origin: string
  readonly firstAnswerMs: number
}

/** Starts a program and waits for its first 200: from spawn to answer, in milliseconds. */
export async function start({ args, env = {}, path, headers = {} }: Subject): Promise<Started> {
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env, PORT: String(port) },
    stdio: 'ignore',
  })
  for (;;) {
    const response = await fetch(origin + path, { headers }).catch(() => undefined)
    await response?.arrayBuffer()
    const status = response?.status ?? 0
    if (status === 200) return { child, origin, firstAnswerMs: performance.now() - startedAt }
    if (performance.now() - startedAt > 10_000)
      throw new Error(`${args.join(' ')} did not answer 200 within 10 s (${status})`)
  }
}

export async function end(child: ChildProcess) {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

export interface Load {
  readonly requestsPerSecond: number
  /** Of the processes under test, not of the load. */
  readonly cpuMicros: number
}

const CONNECTIONS = 32

/** Sends as many requests as are answered in `forMs`; returns the CPU time that these processes spent on each. */
export async function load(
  origin: string,
  { path, headers = {} }: Pick<Subject, 'path' | 'headers'>,
  pids: readonly number[],
  forMs: number,
): Promise<Load> {
  const pool = new Pool(origin, { connections: CONNECTIONS })
  let answered = 0
  const ask = async (until: number) => {
    while (performance.now() < until) {
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers })
      await body.dump()
      if (statusCode !== 200) throw new Error(`${origin}${path} answered ${statusCode}`)
      answered++
    }
  }
  const all = (until: number) => Promise.all(Array.from({ length: CONNECTIONS }, () => ask(until)))
  await all(performance.now() + forMs / 4)
  answered = 0
  const before = await cpuMicrosOf(pids)
  const startedAt = performance.now()
  await all(startedAt + forMs)
  const seconds = (performance.now() - startedAt) / 1_000
  const spent = (await cpuMicrosOf(pids)) - before
  await pool.close()
  return { requestsPerSecond: answered / seconds, cpuMicros: spent / answered }
}

const cpuMicrosOf = async (pids: readonly number[]): Promise<number> =>
  (await Promise.all(pids.map(readCpuMicros))).reduce((sum, one) => sum + one, 0)
