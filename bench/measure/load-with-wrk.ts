import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { killOnExit } from './kill-on-exit.ts'
import type { Answered } from './load.ts'
import type { HttpRequest, Subject } from './subject.ts'

const LATE_SECONDS = 10

/** Whether wrk is on the PATH. */
export const hasWrk = () =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, 'wrk')))

/** Lets wrk ask from one thread over so many connections. */
export async function loadWithWrk(
  origin: string,
  { request: requestOf }: Subject,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Answered> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-wrk-'))
  try {
    const request = requestOf()
    const script = join(folder, 'request.lua')
    await writeFile(script, luaOf(request))
    const size = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`]
    // Its own is 2 s, and on a busy machine a late answer is still one.
    const args = [...size, '--timeout', `${LATE_SECONDS}s`, '--script', script, origin + request.path]
    const running = promisify(execFile)('wrk', args, { timeout: (seconds + 2 * LATE_SECONDS) * 1_000 })
    await using _wrk = { [Symbol.asyncDispose]: killOnExit(running.child) }
    const { stdout, stderr } = await running
    return answeredAsToldBy(stdout + stderr)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function luaOf({ method, headers, body }: HttpRequest): string {
  const set = Object.entries(headers).map(([name, value]) => `wrk.headers[ ${quoted(name)} ] = ${quoted(value)}`)
  return [`wrk.method = ${quoted(method)}`, ...set, ...(body ? [`wrk.body = ${quoted(body)}`] : [])].join('\n')
}

const quoted = (text: string) => `[==[${text}]==]`

function answeredAsToldBy(report: string): Answered {
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(report) ?? []
  if (!requests || /Non-2xx|Socket errors|request\.lua/.test(report)) throw new Error(`wrk reported\n${report}`)
  return { requests: Number(requests), seconds: Number(seconds) }
}
