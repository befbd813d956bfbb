import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { callsOf, type EndpointContract, type FunctionContract, usualReply } from '../../contract/index.ts'
import type { FunctionRequest } from '../../deploy/sample/sample-request.ts'
import { createIdentitySigners, generateIdentityKeys } from '../../protocol/index.ts'
import { cacheBytes, cacheFile } from '../../start/code-cache.ts'
import { replaceFile } from '../write-chunk.ts'
import { startInMemoryPostgres } from './in-memory-postgres.ts'
import { startEmptyObjects, startOtlpSink, startUnreachableRedis } from './loopback.ts'
import { preloadText } from './preload.ts'
import { sampleColumns } from './sample-columns.ts'
import { startCallees } from './start-callees.ts'
import { startImage } from './start-image.ts'
import { CALLER, signTokens, warmUpRequests } from './warm-up-requests.ts'

interface WarmUpOptions {
  /** The Node that will run the function, of the same version as this one: a cache is valid for one build only. */
  readonly node?: string
  /** The V8 flags that it will have, such as `--max-semi-space-size=16`: a cache is valid for these only. */
  readonly nodeFlags: readonly string[]
  /** The roles of its caller, so that a policy lets it in; default: none. */
  readonly roles?: readonly string[]
  /** The contracts of the functions that it calls. */
  readonly callees?: readonly EndpointContract[]
  readonly signal?: AbortSignal
  readonly limitMs?: number
}

const LIMIT_MS = 20_000
const ROUNDS = 3

/**
 * Runs a built function by its start file, as its image does, sends it requests generated from its contract, and writes a V8
 * code cache beside each part that was used. The function can connect only to what its sandbox has. Rejects
 * with an Error whose message ends with the function's last output.
 */
export async function warmUp(
  start: string,
  contract: FunctionContract,
  { node = process.execPath, nodeFlags, roles = [], callees = [], signal, limitMs = LIMIT_MS }: WarmUpOptions,
): Promise<void> {
  const limit = AbortSignal.any([AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])])
  await using sandbox = await createSandbox(contract, callees)
  const isStream = contract.kind === 'endpoint' && usualReply(contract).stream !== undefined
  const args = [...nodeFlags, '--require', sandbox.preload, start]
  await using image = startImage(node, { args, env: sandbox.env, signal: limit })
  try {
    const port = await image.listening
    for (let round = 0; round < ROUNDS; round++) {
      const tokens = await signTokens(contract, sandbox.sign, roles)
      for (const request of warmUpRequests(contract, tokens))
        await sendRequest(port, request, { signal: limit, isStream })
    }
    await image.finish()
    await placeCaches(sandbox.caches, dirname(start))
  } catch (cause) {
    await image[Symbol.asyncDispose]()
    signal?.throwIfAborted()
    const why = limit.aborted ? `it took longer than ${limitMs} ms` : cause instanceof Error ? cause.message : cause
    throw new Error([`${contract.name} could not be warmed up: ${why}`, image.lastOutput()].join('\n').trim(), {
      cause,
    })
  }
}

/** All that a function connects to; disposing of it removes everything. */
async function createSandbox(contract: FunctionContract, callees: readonly EndpointContract[]) {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-warm-up-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const preload = join(folder, 'preload.cjs')
  const caches = join(folder, 'caches')
  const database = opened.use(await startInMemoryPostgres(sampleColumns(contract, { owner: CALLER })))
  const redis = opened.use(await startUnreachableRedis())
  const objects = opened.use(await startEmptyObjects())
  const sink = opened.use(await startOtlpSink())
  const called = callsOf(contract).length > 0 ? opened.use(await startCallees(callees)) : undefined
  const servers = [database, redis, objects, sink, ...(called ? [called] : [])]
  await writeFile(preload, preloadText({ folder: caches, ports: servers.map(({ port }) => port) }))
  const keys = await generateIdentityKeys()
  const env = {
    ...Object.fromEntries((contract.secrets ?? []).map((name) => [name, `warm-up-${name}`])),
    ...{ NODE_ENV: 'production', PORT: '0', EBB_HOST: '127.0.0.1', LOG_LEVEL: 'info' },
    ...{ DATABASE_URL: database.url, REDIS_URL: redis.url, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
    EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks),
    EBB_MAIL_FOLDER: join(folder, 'mail'),
    ...(called ? { EBB_UPSTREAM_TEMPLATE: `${called.url}/{name}` } : {}),
    EBB_OBJECTS_URL: objects.url,
  }
  const sign = createIdentitySigners(keys)
  const resources = opened.move()
  return { preload, caches, env, sign, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

interface SendOptions {
  readonly signal: AbortSignal
  /** Whether a response may have no end. */
  readonly isStream: boolean
}

async function sendRequest(
  port: number,
  { method, target, headers, body }: FunctionRequest,
  { signal, isStream }: SendOptions,
) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${target}`, {
      ...{ method, headers, signal, redirect: 'manual' },
      ...(body === undefined ? {} : { body }),
    })
    if (isStream) return await readBeginning(response)
    // Any response will do, but it has to be generated to its end.
    await response.arrayBuffer()
  } catch (cause) {
    throw new Error(`it broke off at ${method} ${target}`, { cause })
  }
}

/** What is streamed may wait for what a sandbox has not, or go on for ever. */
const BEGINNING_MS = 250

/** Reads the beginning of a stream, where there is one by then; how it goes on does not matter. */
async function readBeginning({ body }: Response): Promise<void> {
  const reader = body?.getReader()
  if (!reader) return
  const timer = setTimeout(() => reader.cancel().catch(() => {}), BEGINNING_MS)
  await reader.read().catch(() => {})
  clearTimeout(timer)
  await reader.cancel().catch(() => {})
}

/**
 * Writes the V8 cache data that the preload left in `created` beside the parts in `folder`, where the start file looks for
 * it. Rejects where there is none of `main` for the Node of this process.
 */
async function placeCaches(created: string, folder: string): Promise<void> {
  const forThisNode = join(created, `${process.version}-${process.arch}`)
  const parts = await readdir(forThisNode).catch(() => [])
  if (!parts.some((part) => part.startsWith('main-')))
    throw new Error(`it left no code cache of main for Node ${process.version} on ${process.arch}`)
  for (const part of parts) {
    const file = join(folder, part)
    await replaceFile(cacheFile(file), cacheBytes(file, await readFile(join(forThisNode, part))))
  }
}
