import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleFunction } from '../build/index.ts'
import { describeDeployment, type FunctionContract, isReceiver } from '../contract/index.ts'
import type { FunctionRequest } from '../deploy/sample/sample-request.ts'
import { dataDirOf, findRunning } from '../dev/announcement.ts'
import { functionEnv } from '../dev/child-env.ts'
import { explainBuildError } from '../dev/contracts.ts'
import { exportEnv } from '../dev/export-env.ts'
import { startFunction } from '../dev/function-process.ts'
import type { OutputLine } from '../dev/processes/start-child.ts'
import { type Config, ConfigError } from '../kernel/index.ts'
import { createIdentitySigners, generateIdentityKeys, type Identity } from '../protocol/index.ts'

interface InvokeOptions {
  readonly project: string
  readonly config: Config
  readonly caller: Omit<Identity, 'iss'>
  /** Stops the function before it has responded. */
  readonly signal: AbortSignal
  /** Called with what is streamed as a reply, as it comes; default: it is read as a whole. */
  readonly onReply?: ((chunk: Uint8Array) => void) | undefined
}

/** A request whose body may be read while it is sent. */
export interface InvokedRequest extends Omit<FunctionRequest, 'body'> {
  readonly body: string | ReadableStream<Uint8Array> | undefined
}

/** What `ebb invoke` shows of one call. */
export interface InvocationResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** From the start of the process until it listens. */
  readonly coldStartMs: number
  readonly durationMs: number
  /** Its log, from the start to the end of the process. */
  readonly log: readonly OutputLine[]
}

const DRAIN_MS = 5_000
/** Where no other function is: nobody vouches for a call of one without a gateway. */
const NO_UPSTREAM = 'http://{name}.invalid'
/** Added to the function's own timeout. */
const SLACK_MS = 2_000

/**
 * Runs one function once, as on the laptop but without a gateway: bundles it, starts it, sends it this request, and always
 * stops it again. Throws a ConfigError if it does not start.
 */
export async function invokeFunction(
  contract: FunctionContract,
  request: InvokedRequest,
  { project, config, caller, signal, onReply }: InvokeOptions,
): Promise<InvocationResult> {
  const { name, timeoutMs, secrets, calls } = describeDeployment(contract)
  const folder = await mkdtemp(join(tmpdir(), 'ebb-invoke-'))
  const log: OutputLine[] = []
  try {
    const { gateway, relay, jwks } = await generateIdentityKeys()
    const { file, revision } = await bundleFunction(project, name, folder).catch((error: unknown) => {
      throw new ConfigError(explainBuildError(error), { cause: error })
    })
    const urls = await findStoreUrls(project, config)
    const mail = join(dataDirOf(project, config), 'mail')
    const startedAt = performance.now()
    const instance = await startFunction(file, {
      ...{ name, runFolder: join(folder, 'run'), drainMs: DRAIN_MS, startLimitMs: config.EBB_START_TIMEOUT_MS },
      env: {
        ...functionEnv(secrets, { config, mail, urls, jwks, telemetry: exportEnv() }),
        ...(calls.length > 0 ? { EBB_UPSTREAM_TEMPLATE: NO_UPSTREAM } : {}),
        EBB_REVISION: revision,
      },
      ...{ report: () => {}, onLine: (line) => void log.push(line) },
    })
    const stop = () => instance.stop()
    signal.addEventListener('abort', stop)
    try {
      const port = await instance.listening.catch((error: Error) => {
        throw new ConfigError(describeStartFailure(name, error.message), { cause: error })
      })
      const coldStartMs = Math.round(performance.now() - startedAt)
      const sign = createIdentitySigners({ gateway, relay })[isReceiver(contract) ? 'relay' : 'gateway']
      const isInternal = contract.kind === 'endpoint' && contract.access.internal === true
      const identity = await sign(isInternal ? { ...caller, via: 'ebb-invoke' } : caller, name)
      const headers = { ...request.headers, 'ebb-identity': identity }
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs + SLACK_MS)])
      const response = await send(port, { ...request, headers }, { signal: limit, onReply }).catch((cause: unknown) => {
        signal.throwIfAborted()
        const last = log.filter(({ level }) => level === 'text').map(({ msg }) => msg)
        throw new ConfigError([`${name} ended without a response.`, ...last].join('\n'), { cause })
      })
      return { ...response, coldStartMs, log }
    } finally {
      // By then everything that it wrote until its end is in the log.
      await stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The stores of an invoked function: those of the settings, else those of the running Ebb, else none. */
async function findStoreUrls(
  project: string,
  { DATABASE_URL, REDIS_URL }: Config,
): Promise<Readonly<Record<string, string>>> {
  if (DATABASE_URL) return { DATABASE_URL, ...(REDIS_URL ? { REDIS_URL } : {}) }
  return (await findRunning(project))?.urls ?? {}
}

/** If the function lacks its database, says what to do about it here. */
const describeStartFailure = (name: string, reason: string) =>
  reason.includes('DATABASE_URL: not set')
    ? `${name} needs a database: start Ebb with npm start and invoke it again, or set DATABASE_URL.`
    : `${name} does not start: ${reason}`

async function send(
  port: number,
  { method, target, headers, body }: InvokedRequest,
  { signal, onReply }: Pick<InvokeOptions, 'signal' | 'onReply'>,
) {
  const sentAt = performance.now()
  const response = await fetch(`http://127.0.0.1:${port}${target}`, {
    // What a redirect leads to is no part of the function.
    ...{ method, headers, signal, redirect: 'manual' as const },
    ...(body === undefined ? {} : { body }),
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  })
  const shown = onReply && response.ok ? response.body : undefined
  if (shown) for await (const chunk of shown) onReply?.(chunk)
  const text = shown ? '' : await response.text()
  const durationMs = Math.round(performance.now() - sentAt)
  return { status: response.status, headers: Object.fromEntries(response.headers), body: text, durationMs }
}
