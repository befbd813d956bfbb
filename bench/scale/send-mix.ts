import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { killOnExit } from '../measure/kill-on-exit.ts'
import type { Mix } from './mix.ts'
import type { Part, System } from './start-system.ts'

export interface Sent {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of one core, by each part. */
  readonly cores: ReadonlyMap<Part, number>
}

const CONNECTIONS = 64

export interface SendOptions {
  /** Requests a second. Default: as many as are answered. */
  readonly rate?: number
  readonly seconds: number
  /** Resolves when what the requests have left to do is done: its time counts, too. */
  readonly until?: (() => Promise<void>) | undefined
}

/** Sends such a mix of requests, each by a caller of chance, and reads what each part has computed meanwhile. */
export async function sendMix(system: System, mix: Mix, { rate, seconds, until }: SendOptions): Promise<Sent> {
  const script = join(tmpdir(), `ebb-scale-${process.pid}.lua`)
  await writeFile(script, luaOf(system.tokens, mix, rate))
  const size = ['--threads', '1', '--connections', `${CONNECTIONS}`, '--duration', `${seconds}s`]
  const args = [...size, '--latency', '--timeout', '10s', '--script', script, system.url]
  const before = await system.cpu()
  const beganAt = performance.now()
  const running = promisify(execFile)('wrk', args, { timeout: (seconds + 30) * 1_000 })
  await using _wrk = { [Symbol.asyncDispose]: killOnExit(running.child) }
  const { stdout } = await running
  await until?.()
  const tookSeconds = (performance.now() - beganAt) / 1_000
  const after = await system.cpu()
  const [, requests = ''] = /(\d+) requests in/.exec(stdout) ?? []
  const [, other = '0'] = /Non-2xx or 3xx responses: (\d+)/.exec(stdout) ?? []
  const refused = Number(requests) * (mix.refused ?? 0)
  if (requests === '' || /Socket errors/.test(stdout) || Number(other) > refused * 1.2 + 100)
    throw new Error(`wrk reported\n${stdout}`)
  const used = [...after].map(
    ([part, micros]) => [part, (micros - (before.get(part) ?? 0)) / 1e6 / tookSeconds] as const,
  )
  return {
    ...{ requests: Number(requests), requestsPerSecond: Number(requests) / tookSeconds },
    ...{ p50Ms: latencyOf(stdout, 50), p99Ms: latencyOf(stdout, 99), cores: new Map(used) },
  }
}

/** Rates are those of callers that wait at random before their next request. */
function luaOf(tokens: readonly string[], mix: Mix, rate: number | undefined): string {
  const { refused = 0, kept = 0, read = 0, write = 0 } = mix
  const meanDelayMs = rate === undefined ? 0 : (CONNECTIONS * 1_000) / rate
  return `
math.randomseed(7)
local tokens = { ${tokens.map((token) => `"Bearer ${token}"`).join(', ')} }
local n = 0
local run = "${process.pid}-${Date.now()}-"
${meanDelayMs > 0 ? `function delay() return math.random(0, ${Math.round(2 * meanDelayMs)}) end` : ''}
function request()
  n = n + 1
  local kind, token = math.random(), tokens[math.random(#tokens)]
  if kind < ${refused} then return wrk.format("GET", "/v1/things/LAMP-BRASS-01") end
  if kind < ${refused + kept} then return wrk.format("GET", "/v1/news", { authorization = token }) end
  if kind < ${refused + kept + read} then
    return wrk.format("GET", "/v1/things/LAMP-BRASS-01", { authorization = token })
  end
  local body = kind < ${refused + kept + read + write} and '{"name":"untold"}' or '{"name":"A thing of brass"}'
  return wrk.format("POST", "/v1/things", {
    authorization = token, ["content-type"] = "application/json", ["idempotency-key"] = run .. n
  }, body)
end`
}

const MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000 }

/** Of wrk's ` 99%    1.10ms`. */
function latencyOf(report: string, percent: number): number {
  const [, value, unit = ''] = new RegExp(`\\s${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(report) ?? []
  return Number(value) * (MS[unit] ?? Number.NaN)
}
